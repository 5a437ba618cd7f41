package dev.tka.cli.input;

import dev.tka.core.SignatureVerifier;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;

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
      "0:all is well",
      "1:verification failed, no node would accept it, or two ends disagree",
      "2:the command line does not make sense",
      "3:bad or damaged input, or a store of a newer version",
      "4:not found",
      "5:conflict: another writer was first, or it is there already",
      "6:reading or writing failed",
      "7:a peer is dropped",
      "70:an internal error"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka demo                                  see it work on real data",
      "  tka status /var/lib/tailscale/tka-profiles/2601",
      "  tka status sqlite:control.db --tailnet example.com",
      "  tka log --graph DIR                       the chain, with its forks",
      "  tka inspect genesis.cbor                  every field of an AUM",
      "  tka keygen admin.key                      a key that can sign",
      "  tka add DIR tlpub:... --key-file admin.key",
      "  source <(tka generate-completion)         completion for bash and zsh"
    })
public final class Tka {
  private final InputStream in;
  private final OutputStream out;
  private final boolean canAsk;
  private final SecureRandom random;

  /**
   * Where a command's input comes from.
   *
   * @param canAsk whether a person is at the other end of the input, and sees what is asked
   */
  public Tka(InputStream in, boolean canAsk, SecureRandom random) {
    this(in, new FileOutputStream(FileDescriptor.out), canAsk, random);
  }

  /**
   * Where a command's input comes from, and where output goes that is no text.
   *
   * @param canAsk whether a person is at the other end of the input, and sees what is asked
   */
  public Tka(InputStream in, OutputStream out, boolean canAsk, SecureRandom random) {
    this.in = in;
    this.out = out;
    this.canAsk = canAsk;
    this.random = random;
  }

  /** What the command reads. */
  public InputStream in() {
    return in;
  }

  /** For output that is no text; nothing else may be printed then. */
  public OutputStream out() {
    return out;
  }

  /** Whether a person can be asked. */
  public boolean canAsk() {
    return canAsk;
  }

  /** Where keys and secrets come from. */
  public SecureRandom random() {
    return random;
  }

  /** Tells the version, and which path verifies signatures. */
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
