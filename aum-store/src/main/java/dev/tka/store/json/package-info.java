/**
 * Many tailnets in one JSON file, for tests, small setups, and people who keep it in git.
 *
 * <p>What control keeps is specified in {@code docs/service.md}, and the file described in {@code
 * docs/command.md}.
 */
@NullMarked
package dev.tka.store.json;

import org.jspecify.annotations.NullMarked;
