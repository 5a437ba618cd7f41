/**
 * The log of a tailnet's heads, as pure functions: what control keeps ({@link
 * dev.tka.tlog.heads.HeadsLog}), and how whoever asks judges what it shows ({@link
 * dev.tka.tlog.heads.HeadWatch}).
 *
 * <p>Specified in {@code docs/service.md} (service, section 11).
 */
@NullMarked
package dev.tka.tlog.heads;

import org.jspecify.annotations.NullMarked;
