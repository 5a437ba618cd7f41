package dev.tka.control;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.Intake;
import dev.tka.sync.Intersection;
import dev.tka.sync.StrandedNode;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Offers and sends (service, section 3). */
final class Rounds {
  private final Premises premises;

  Rounds(Premises premises) {
    this.premises = premises;
  }

  /**
   * An answer, and how it came about.
   *
   * @param outcome a stable word
   * @param detail what to know about it, as one sentence; may be empty
   */
  record Outcome(RpcAnswer answer, String outcome, String detail) {}

  /**
   * Answers an offer, and notes what the node is to be told from now on.
   *
   * @param asking the node that asks; empty for the operator
   */
  Outcome offer(String tailnet, Optional<NodeRecord> asking, RpcRequest.Offer request)
      throws ControlException, StoreException, OpenException {
    LiveAuthority live = premises.on(tailnet);
    Authority authority = live.current();
    // Its own checkpoints, the oldest AUM, the trail's, the common AUM, and the head.
    int hashes =
        authority.checkpoints().size() + authority.snapshot().trail().checkpoints().size() + 3;
    long most =
        Math.min(
            premises.settings().mostAnswerBytes(),
            ClientLimits.of(request.version()).aumBytes(hashes));
    ControlEnd.Answer answer =
        new ControlEnd(live, AnswerPolicy.bounded(most)).answer(request.offer());
    Optional<NodeRecord.Told> told = Optional.empty();
    String outcome = answer.intersection() instanceof Intersection.UpToDate ? "up-to-date" : "ok";
    String detail = "";
    if (answer.intersection() instanceof Intersection.None) {
      Optional<RetiredAuthority> retired = retired(tailnet, request.offer());
      if (retired.isPresent()) {
        told = Optional.of(new NodeRecord.Told.Retired(retired.get().name().genesis()));
        outcome = "retired";
        detail = "it holds an authority that was ended: it is told that the lock is disabled";
      }
    } else if (answer.missing().withheld() > 0) {
      List<AumHash> sent = answer.missing().hashes();
      told = Optional.of(new NodeRecord.Told.CatchingUp(sent.get(sent.size() - 1)));
      outcome = "truncated";
      detail = answer.missing().withheld() + " AUMs are left for its next rounds";
    }
    Optional<StrandedNode> stranded = answer.stranded();
    if (stranded.isPresent() && told.isEmpty()) {
      outcome = stranded.get().kind();
      detail = stranded.get().reason();
    }
    if (asking.isPresent()) {
      tell(tailnet, asking.get(), told);
    }
    return new Outcome(new RpcAnswer.Offer(answer.message()), outcome, detail);
  }

  /**
   * The authority of an offer, if it was ended. The head may be an edit that was never sent; the
   * oldest AUM that the offer names is one that control had.
   */
  private Optional<RetiredAuthority> retired(String tailnet, SyncOffer offer)
      throws StoreException {
    TailnetRecord record = premises.records().tailnet(tailnet);
    Optional<RetiredAuthority> found = premises.retired().holding(record, offer.head());
    List<AumHash> named = offer.ancestors();
    return found.isPresent() || named.isEmpty()
        ? found
        : premises.retired().holding(record, named.get(named.size() - 1));
  }

  private void tell(String tailnet, NodeRecord node, Optional<NodeRecord.Told> told)
      throws StoreException {
    premises.commit(tailnet, Optional.of(node), node.withTold(told));
  }

  /**
   * Takes in what a node sends.
   *
   * @param asking the node that sends; empty for the operator
   */
  Outcome send(String tailnet, Optional<NodeRecord> asking, RpcRequest.Send request)
      throws ControlException, StoreException, OpenException {
    LiveAuthority live = premises.on(tailnet);
    SyncSend send = request.send();
    Optional<String> unwanted =
        send.missing().isEmpty() ? Optional.empty() : unwanted(live.current(), send.missing());
    if (unwanted.isPresent()) {
      return refused(request, live.current(), List.of(unwanted.get()), Optional.empty());
    }
    ControlEnd.Receipt receipt =
        new ControlEnd(live, AnswerPolicy.bounded(Long.MAX_VALUE))
            .receive(
                send,
                rules(tailnet, send),
                Proposals.demand(premises.records(), tailnet, isWaitedFor(request)));
    Authority after = live.current();
    if (asking.isPresent() && CatchingUp.isCatchingUp(asking.get())) {
      // It has taken in what it was sent: what all are told makes it come again.
      tell(tailnet, asking.get(), Optional.empty());
    }
    List<String> refused = receipt.message().refused();
    if (!refused.isEmpty() || (isWaitedFor(request) && !isOnChain(after, send))) {
      return refused(request, after, refused, Optional.of(receipt.intake()));
    }
    return new Outcome(
        new RpcAnswer.Send(receipt.message(), request.wantRefused()),
        added(receipt.intake()) > 0 ? "added" : "ok",
        "");
  }

  /** Whose rules decide, by the record as it is now: any replica may have changed it. */
  private AdmissionPolicy rules(String tailnet, SyncSend send) throws StoreException {
    return !send.missing().isEmpty() && premises.records().tailnet(tailnet).restored().isPresent()
        ? AdmissionPolicy.RESTORED_CONTROL
        : AdmissionPolicy.CONTROL;
  }

  private static int added(Intake intake) {
    return intake instanceof Intake.Done done ? done.added().size() : 0;
  }

  /**
   * Whether a person waits for a send to be taken in as it is: it adds or removes keys, or it is a
   * finished revocation, one AUM that is its own head.
   */
  private static boolean isWaitedFor(RpcRequest.Send request) {
    List<Bytes> missing = request.send().missing();
    if (missing.isEmpty()) {
      return false;
    }
    return request.interactive()
        || (missing.size() == 1
            && AumHash.ofEncoding(missing.get(0)).equals(request.send().head()));
  }

  private static boolean isOnChain(Authority authority, SyncSend send) {
    AumHash last = AumHash.ofEncoding(send.missing().get(send.missing().size() - 1));
    return authority.isActive(last);
  }

  /** A refusal: an error if a person waits who reads nothing else, and else a success. */
  private static Outcome refused(
      RpcRequest.Send request, Authority authority, List<String> reasons, Optional<Intake> intake)
      throws ControlException {
    boolean overtaken =
        intake.isPresent()
            && intake.get() instanceof Intake.Done done
            && done.refusals().stream()
                .allMatch(
                    each ->
                        each instanceof Refusal.Conflict
                            || each instanceof Refusal.BuildsOnRefused);
    String reason = reasons.isEmpty() ? "it loses to a change that was first" : reasons.get(0);
    if (isWaitedFor(request) && !request.wantRefused()) {
      Optional<Thresholds.Shortfall> shortfall = intake.flatMap(Rounds::shortfall);
      if (shortfall.isPresent()) {
        throw new ControlException.Refused(
            "this change " + shortfall.get().words() + ": propose it with 'tka propose'");
      }
      if (overtaken && request.interactive()) {
        throw new ControlException.Conflict(
            "the lock has changed since this change was made: run the command again");
      }
      throw new ControlException.Refused(
          overtaken
              ? "this revocation does not outweigh what it would displace: have another key"
                  + " co-sign it, or make it again on the current head"
              : "this change is refused: " + reason);
    }
    return new Outcome(
        new RpcAnswer.Send(new SyncReceipt(authority.head(), reasons), request.wantRefused()),
        overtaken ? "conflict" : "refused",
        reason);
  }

  private static Optional<Thresholds.Shortfall> shortfall(Intake intake) {
    if (intake instanceof Intake.Done done) {
      for (Refusal each : done.refusals()) {
        if (each instanceof Refusal.BelowThreshold below) {
          return Optional.of(below.shortfall());
        }
      }
    }
    return Optional.empty();
  }

  /** Why control takes none of a batch, before the engine looks at it. */
  Optional<String> unwanted(Authority authority, List<Bytes> missing)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    long bytes = missing.stream().mapToLong(Bytes::size).sum();
    if (bytes > Limits.MAX_MESSAGE_BYTES) {
      // The engine says so.
      return Optional.empty();
    }
    List<Aum> fresh = new ArrayList<>();
    for (Bytes encoded : missing) {
      if (snapshot.find(AumHash.ofEncoding(encoded)).isEmpty()) {
        try {
          fresh.add(Aum.decode(encoded.toByteArray()));
        } catch (DecodeException e) {
          // The engine says which one it is.
          return Optional.empty();
        }
      }
    }
    if (premises.settings().refusesWeakKeys()) {
      Optional<String> weak = weakKey(authority, fresh);
      if (weak.isPresent()) {
        return weak;
      }
    }
    int most = premises.settings().mostAums();
    boolean full = snapshot.entries().size() + fresh.size() > most;
    return full && !takesAway(authority, fresh)
        ? Optional.of(
            "this tailnet may have "
                + most
                + " AUMs, and has them: only keys can be removed until its operator raises that")
        : Optional.empty();
  }

  /** A key that is new here and that anybody can sign for, or nobody (service, section 8). */
  private static Optional<String> weakKey(Authority authority, List<Aum> fresh) {
    for (Aum aum : fresh) {
      List<Key> keys = new ArrayList<>();
      aum.key().ifPresent(keys::add);
      aum.state().map(State::keys).ifPresent(keys::addAll);
      for (Key key : keys) {
        Optional<KeyDefect> defect = key.defect();
        if (defect.isPresent() && !authority.state().trusts(key.id())) {
          return Optional.of(weak(key, defect.get()));
        }
      }
    }
    return Optional.empty();
  }

  static String weak(Key key, KeyDefect defect) {
    return "key " + LockPublicKey.textOf(key.id()) + " must not be trusted: " + defect.reason();
  }

  /**
   * Whether a batch only takes keys away: removals, checkpoints that leave a trusted key out, and
   * the checkpoints that builders append to those.
   */
  private static boolean takesAway(Authority authority, List<Aum> fresh) {
    Set<Bytes> trusted = authority.state().keyIds();
    Set<AumHash> taking = new HashSet<>();
    for (Aum aum : fresh) {
      boolean removal = aum.kind().equals(AumKind.REMOVE_KEY);
      boolean checkpoint =
          aum.state().isPresent()
              && trusted.containsAll(aum.state().get().keyIds())
              && (aum.parent().filter(taking::contains).isPresent()
                  || aum.state().get().keyIds().size() < trusted.size());
      if (!removal && !checkpoint) {
        return false;
      }
      taking.add(aum.hash());
    }
    return true;
  }
}
