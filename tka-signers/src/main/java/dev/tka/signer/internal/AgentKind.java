package dev.tka.signer.internal;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerKind;
import dev.tka.signer.SignerPlace;
import dev.tka.store.StoreKind;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An Ed25519 key of an ssh-agent: {@code agent:}, the one of {@value #VARIABLE}, or {@code
 * agent:SOCKET}. {@code ?key=tlpub:...} names one of several keys.
 */
public final class AgentKind implements SignerKind {
  private static final String SCHEME = "agent";
  private static final String KEY = "key=";

  /** The socket of the session's agent. */
  private static final String VARIABLE = "SSH_AUTH_SOCK";

  /** Set by a login through ssh, which may have brought the agent along. */
  private static final String LOGIN = "SSH_CONNECTION";

  /** A person may have to confirm, or to touch a device. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Duration limit;

  /** For the loader of services. */
  public AgentKind() {
    this(LIMIT);
  }

  /** With another time limit for each answer. */
  public AgentKind(Duration limit) {
    this.limit = limit;
  }

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public String form() {
    return SCHEME + ":[SOCKET][?key=tlpub:...]";
  }

  @Override
  public SignerPlace parse(String scheme, String rest) throws TextException.BadUrl {
    int mark = rest.indexOf('?');
    String socket = mark < 0 ? rest : rest.substring(0, mark);
    Optional<LockPublicKey> key =
        mark < 0 ? Optional.empty() : Optional.of(key(rest.substring(mark + 1)));
    return new Place(
        socket.isEmpty() ? Optional.empty() : Optional.of(StoreKind.path(form(), socket)),
        key,
        limit);
  }

  private LockPublicKey key(String query) throws TextException.BadUrl {
    if (!query.startsWith(KEY)) {
      throw new TextException.BadUrl(form(), "something else after '?'");
    }
    try {
      return LockPublicKey.parse(query.substring(KEY.length()));
    } catch (TextException e) {
      throw new TextException.BadUrl(form(), "no public key after '?key=': " + e.getMessage());
    }
  }

  private record Place(Optional<Path> socket, Optional<LockPublicKey> key, Duration limit)
      implements SignerPlace {
    @Override
    public String url() {
      return SCHEME
          + ":"
          + socket.map(Path::toString).orElse("")
          + key.map(named -> "?" + KEY + named).orElse("");
    }

    @Override
    public OpenSigner open() throws SigningException {
      SshAgentClient agent =
          new SshAgentClient(socket.isPresent() ? socket.get() : ofSession(), limit);
      return new AgentSigner(agent, choose(agent));
    }

    @Override
    public Optional<String> warning() {
      return socket.isEmpty() && System.getenv(LOGIN) != null
          ? Optional.of(
              "if this ssh-agent was forwarded here, whoever administers this machine can sign with"
                  + " it, too, unasked; 'ssh-add -c' on your own machine makes it ask")
          : Optional.empty();
    }

    private static Path ofSession() throws SigningException {
      @Nullable String named = System.getenv(VARIABLE);
      if (named == null || named.isEmpty()) {
        throw new SigningException(
            "agent: no ssh-agent: "
                + VARIABLE
                + " is not set; start one, or name its socket, agent:SOCKET");
      }
      try {
        return Path.of(named);
      } catch (InvalidPathException e) {
        throw new SigningException("agent: " + VARIABLE + " is not a path");
      }
    }

    private LockPublicKey choose(SshAgentClient agent) throws SigningException {
      List<LockPublicKey> held = agent.keys();
      if (key.isPresent()) {
        if (!held.contains(key.get())) {
          throw new SigningException(
              agent + ": expected the key " + key.get() + ", found " + list(held));
        }
        return key.get();
      }
      if (held.size() != 1) {
        throw new SigningException(
            agent
                + ": expected one Ed25519 key, found "
                + list(held)
                + (held.isEmpty()
                    ? "; 'ssh-add FILE' adds one"
                    : "; name one of them with ?key=tlpub:..."));
      }
      return held.get(0);
    }

    private static String list(List<LockPublicKey> keys) {
      return keys.isEmpty()
          ? "no Ed25519 key"
          : keys.stream().map(LockPublicKey::toString).collect(Collectors.joining(", "));
    }

    @Override
    public Making making() {
      return new Making.ByHand(
          "make a key with 'ssh-keygen -t ed25519 -f FILE', and add it with 'ssh-add FILE'");
    }
  }

  private record AgentSigner(SshAgentClient agent, LockPublicKey publicKey) implements OpenSigner {
    @Override
    public Bytes sign(Bytes sigHash) throws SigningException {
      SigHashes.require(sigHash);
      return agent.sign(publicKey, sigHash);
    }

    @Override
    public void close() {}
  }
}
