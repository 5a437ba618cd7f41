package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.TextException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class EtcdSettingsTest {
  @Test
  void aUrlNamesMembersUserPrefixAndAuthorities() throws Exception {
    EtcdSettings all =
        EtcdSettings.parse("etcds://a%40b@one:1,[::1],two_2/x/y?ca=/etc/ca%20of%20ours.pem");
    assertThat(all.members())
        .containsExactly(
            new Member(true, "one", 1),
            new Member(true, "::1", 2379),
            new Member(true, "two_2", 2379));
    assertThat(all.user()).contains("a@b");
    assertThat(all.prefix()).isEqualTo("/x/y/");
    assertThat(all.authorities()).contains(Path.of("/etc/ca of ours.pem"));
    assertThat(EtcdSettings.parse("etcd://one").members())
        .containsExactly(new Member(false, "one", 2379));
    assertThat(EtcdSettings.parse("etcd://one/").prefix()).isEqualTo("/tka/");
  }

  @Test
  void theUrlIsReadAgainAsItIsPrintedAndHoldsNoPassword() throws Exception {
    for (String each :
        List.of(
            "etcd://one:1",
            "etcd://one:1,two:2/x",
            "etcds://u%3F@[::1]:5/x/y?ca=/a/b%20c",
            "etcds://one:2379")) {
      EtcdSettings settings = EtcdSettings.parse(each).withPassword("secret");
      assertThat(settings.toString()).isEqualTo(each);
      assertThat(EtcdSettings.parse(settings.toString()).toString()).isEqualTo(each);
    }
  }

  @Test
  void whatNamesNoPlaceIsRefusedAndNotQuoted() {
    for (String each :
        List.of(
            "etcd:",
            "etcd://",
            "etcd://secret:secret@one",
            "etcd://secret%3Asecret@one",
            "etcd://@one",
            "etcd://one:0",
            "etcd://one:65536",
            "etcd://one:secret",
            "etcd://one,,two",
            "etcd://one//secret",
            "etcd://one/sec ret",
            "etcd://one/secr%2fet",
            "etcd://one?secret=secret",
            "etcd://one?ca=secret",
            "etcds://one?ca=",
            "etcds://one?ca=secret&x=y",
            "etcds://one?ca=secret%",
            "etcd://one#secret",
            "secret://one")) {
      assertThatThrownBy(() -> EtcdSettings.parse(each))
          .as(each)
          .isInstanceOf(TextException.BadUrl.class)
          .message()
          .doesNotContain("secret");
    }
  }
}
