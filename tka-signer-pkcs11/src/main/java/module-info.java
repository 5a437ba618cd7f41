/** Signers whose key is in a PKCS #11 token. */
@SuppressWarnings("requires-automatic")
module dev.tka.signer.pkcs11 {
  requires transitive dev.tka.signer;
  requires dev.tka.store;
  requires ipkcs11wrapper;
  requires static transitive org.jspecify;

  provides dev.tka.signer.SignerKind with
      dev.tka.signer.pkcs11.internal.Pkcs11Kind;

  exports dev.tka.signer.pkcs11;
}
