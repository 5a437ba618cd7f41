/** A campaign of faults against real servers, and what judges it ({@code bench/README.md}). */
@org.jspecify.annotations.NullMarked
package dev.tka.cli.campaign;
