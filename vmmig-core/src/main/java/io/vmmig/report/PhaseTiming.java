// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import io.vmmig.error.Phase;

/**
 * When a phase was, and how long it took.
 *
 * @param phase the phase
 * @param startMillis milliseconds from the start of the migration
 * @param lengthMillis its length, in milliseconds
 */
public record PhaseTiming(Phase phase, long startMillis, long lengthMillis) {}
