/** Many tailnets in one JSON file, for tests, small setups, and people who keep it in git. */
@NullMarked
package dev.tka.store.json;

import org.jspecify.annotations.NullMarked;
