/** Shared by tests: a token of SoftHSM. */
package dev.tka.signer.pkcs11.testkit;
