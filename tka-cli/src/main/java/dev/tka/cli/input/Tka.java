package dev.tka.cli.input;

import dev.tka.core.SignatureVerifier;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.Properties;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code tka} itself: its help, and the streams that its subcommands use. */
@Command(
    name = "tka",
    description =
        "Creates, edits, inspects, verifies, repairs and compacts a tailnet's key authority"
            + " (Tailnet Lock).",
    mixinStandardHelpOptions = true,
    versionProvider = Tka.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:success",
      "1:verification failed, no node would accept it, or two ends disagree",
      "2:invalid usage",
      "3:invalid or damaged input, or a store written by a newer version",
      "4:not found",
      "5:conflict: another writer was first, or the target already exists",
      "6:reading or writing failed",
      "7:a peer is dropped",
      "8:the change was made, but the output could not be written",
      "9:a question was answered with no, and nothing was changed",
      "70:internal error"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka demo                                  shows the main job on real data",
      "  tka status /var/lib/tailscale/tka-profiles/2601",
      "  tka status sqlite:control.db --tailnet example.com",
      "  tka log --graph DIR                       the chain, with its forks",
      "  tka inspect genesis.cbor                  every field of an AUM",
      "  tka keygen admin.key                      makes a signing key",
      "  tka add DIR tlpub:... --key-file admin.key",
      "  source <(tka generate-completion)         completion for bash and zsh"
    })
public final class Tka {
  private final InputStream in;
  private final OutputStream out;
  private final boolean canAsk;
  private final Supplier<SecureRandom> random;
  private boolean changed;

  /**
   * A command's input.
   *
   * @param canAsk whether a person types the input and sees the questions
   */
  public Tka(InputStream in, boolean canAsk, SecureRandom random) {
    this(in, new FileOutputStream(FileDescriptor.out), canAsk, () -> random);
  }

  /**
   * A command's input, and the destination of output that is not text.
   *
   * @param canAsk whether a person types the input and sees the questions
   */
  public Tka(InputStream in, OutputStream out, boolean canAsk, SecureRandom random) {
    this(in, out, canAsk, () -> random);
  }

  /**
   * A command's input, and the destination of output that is not text.
   *
   * @param canAsk whether a person types the input and sees the questions
   * @param random makes the source of keys and secrets, which takes some milliseconds
   */
  public Tka(InputStream in, OutputStream out, boolean canAsk, Supplier<SecureRandom> random) {
    this.in = in;
    this.out = out;
    this.canAsk = canAsk;
    this.random = random;
  }

  /** Standard input of the command. */
  public InputStream in() {
    return in;
  }

  /** For output that is not text; nothing else may be printed then. */
  public OutputStream out() {
    return out;
  }

  /** Whether a person can be asked. */
  public boolean canAsk() {
    return canAsk;
  }

  /** Whether a person types standard input, also where the output goes elsewhere. */
  boolean isTyped() {
    return canAsk || (in == System.in && Boolean.getBoolean("tka.stdin.terminal"));
  }

  /** The command that a verb belongs to. */
  static Tka of(CommandSpec spec) {
    return (Tka) spec.root().userObject();
  }

  /** Notes that the verb has changed something for good: if its output is lost, that is said. */
  public void noteChange() {
    changed = true;
  }

  /** Whether the verb has changed something for good. */
  public boolean hasChanged() {
    return changed;
  }

  /** The source of keys and secrets. */
  public SecureRandom random() {
    return random.get();
  }

  /** Prints the version, and the path that verifies signatures. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      Properties build = new Properties();
      try (InputStream resource = Tka.class.getResourceAsStream("build.properties")) {
        build.load(resource);
      }
      return new String[] {
        "tka " + build.getProperty("version"),
        "signatures: " + SignatureVerifier.fastest().path(),
        "java: " + System.getProperty("java.version")
      };
    }
  }
}
