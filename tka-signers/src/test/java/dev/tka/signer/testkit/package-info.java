/** Shared by the tests of signers: what each keeps to, a real ssh-agent, and a false one. */
package dev.tka.signer.testkit;
