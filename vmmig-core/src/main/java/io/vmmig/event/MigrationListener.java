// SPDX-License-Identifier: Apache-2.0
package io.vmmig.event;

/**
 * Receives a migration's events, one at a time, on the threads that move the bytes, so it should return quickly. An exception that it
 * throws is logged and does not affect the migration.
 */
@FunctionalInterface
public interface MigrationListener {
    /** Called for each event, in order. */
    void onEvent(MigrationEvent event);
}
