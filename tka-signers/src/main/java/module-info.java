/** Signers by URL: key files, ssh-agents, programs. */
module dev.tka.signer {
  requires transitive dev.tka.core;
  requires dev.tka.store;
  requires static transitive org.jspecify;

  uses dev.tka.signer.SignerKind;

  provides dev.tka.signer.SignerKind with
      dev.tka.signer.internal.AgentKind,
      dev.tka.signer.internal.CommandKind,
      dev.tka.signer.internal.FileKind;

  exports dev.tka.signer;
  exports dev.tka.signer.internal to
      dev.tka.signer.pkcs11;
}
