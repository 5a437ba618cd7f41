/**
 * A control service over HTTP (service, sections 5, 6 and 10): {@link
 * dev.tka.control.http.ControlServer} serves a {@link dev.tka.control.ControlService}, as {@link
 * dev.tka.control.http.ServerSettings} say, which {@link dev.tka.control.http.SettingsFile} reads.
 *
 * <p>The rules are specified in {@code docs/service.md}.
 */
@NullMarked
package dev.tka.control.http;

import org.jspecify.annotations.NullMarked;
