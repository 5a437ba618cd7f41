package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Which of a node's servers is asked first. */
class ServerChoiceTest {
  private final ServerChoice choice = new ServerChoice(3);

  @Test
  void theOneThatAnsweredLastIsAskedFirst() {
    assertThat(choice.first()).isZero();
    choice.answered(2, 200);
    assertThat(choice.first()).isEqualTo(2);
    choice.answered(2, 304);
    // It goes on to be the one, whatever it refuses.
    for (int refusal : new int[] {400, 403, 409, 413, 429, 500, 503}) {
      choice.answered(2, refusal);
      assertThat(choice.first()).isEqualTo(2);
    }
  }

  @Test
  void oneThatDoesNotKnowTheNodeOrIsGoneIsLeftForTheNextInTurn() {
    for (int refusal : new int[] {401, 404, 410, 307}) {
      ServerChoice any = new ServerChoice(3);
      any.answered(1, 200);
      any.answered(1, refusal);
      assertThat(any.first()).as("%s", refusal).isEqualTo(2);
    }
    choice.unreachable(0);
    choice.unreachable(1);
    choice.unreachable(2);
    assertThat(choice.first()).isZero();
  }

  @Test
  void beforeAnyHasAnsweredEachRefusalLeadsToTheNext() {
    choice.answered(0, 503);
    assertThat(choice.first()).isEqualTo(1);
    choice.answered(1, 403);
    assertThat(choice.first()).isEqualTo(2);
  }

  @Test
  void whatAnotherOneSaysOfARedirectedRequestChangesNothingUnlessItAnswers() {
    choice.answered(0, 200);
    choice.answered(1, 401);
    choice.unreachable(2);
    assertThat(choice.first()).isZero();
    choice.answered(1, 200);
    assertThat(choice.first()).isEqualTo(1);
  }

  @Test
  void theOnlyOneIsAskedAlways() {
    ServerChoice one = new ServerChoice(1);
    one.unreachable(0);
    one.answered(0, 401);
    assertThat(one.first()).isZero();
  }
}
