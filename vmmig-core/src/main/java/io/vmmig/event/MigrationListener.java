// SPDX-License-Identifier: Apache-2.0
package io.vmmig.event;

/**
 * Hears of a migration's events, one at a time, on the threads that move the bytes: it should be quick. What it throws is
 * logged and does not disturb the migration.
 */
@FunctionalInterface
public interface MigrationListener {
    /** Called for each event, in order. */
    void onEvent(MigrationEvent event);
}
