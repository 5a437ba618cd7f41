/**
 * A simulated tailnet: one control, up to six nodes, years of edits, absences, lost messages and
 * attacks, all drawn from a seed. {@link dev.tka.simulation.Scenario} is what happens, {@link
 * dev.tka.simulation.Simulation} lets it happen to real authorities with real signatures, {@link
 * dev.tka.simulation.NaiveModel} judges it, and {@link dev.tka.simulation.SimulationRunner} counts.
 */
@NullMarked
package dev.tka.simulation;

import org.jspecify.annotations.NullMarked;
