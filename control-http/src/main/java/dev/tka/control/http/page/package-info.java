/**
 * The operators' page: its files, as the server serves them, and its sessions. The files are plain
 * HTML, CSS and modules of JavaScript; what they show comes from the operators' paths under {@code
 * /v1}, where it was decided.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.control.http.page;

import org.jspecify.annotations.NullMarked;
