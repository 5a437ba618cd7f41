/** The kinds of signers that need no library. */
@NullMarked
package dev.tka.signer.internal;

import org.jspecify.annotations.NullMarked;
