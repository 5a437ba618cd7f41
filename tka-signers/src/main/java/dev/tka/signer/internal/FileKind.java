package dev.tka.signer.internal;

import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerKind;
import dev.tka.signer.SignerPlace;
import dev.tka.store.KeyFile;
import dev.tka.store.StoreKind;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;

/** A private key in a file that only its owner can read: {@code file:PATH}. */
public final class FileKind implements SignerKind {
  private static final String SCHEME = "file";

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public String form() {
    return SCHEME + ":PATH";
  }

  @Override
  public SignerPlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new Place(StoreKind.path(form(), rest));
  }

  private record Place(Path file) implements SignerPlace {
    @Override
    public String url() {
      return SCHEME + ":" + file;
    }

    @Override
    public OpenSigner open() throws SigningException, IOException {
      return new InMemory(KeyFile.read(file));
    }

    @Override
    public Making making() {
      return new Making.Here(this::make);
    }

    private LockPublicKey make(SecureRandom random) throws IOException {
      LockPrivateKey key = LockPrivateKey.generate(random);
      KeyFile.create(file, key);
      return key.publicKey();
    }
  }

  private record InMemory(LockPrivateKey key) implements OpenSigner {
    @Override
    public LockPublicKey publicKey() {
      return key.publicKey();
    }

    @Override
    public Bytes sign(Bytes sigHash) {
      return key.sign(sigHash);
    }

    @Override
    public void close() {}
  }
}
