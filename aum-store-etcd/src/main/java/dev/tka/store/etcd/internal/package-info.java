/** The kind of store of this module, for the command. */
@NullMarked
package dev.tka.store.etcd.internal;

import org.jspecify.annotations.NullMarked;
