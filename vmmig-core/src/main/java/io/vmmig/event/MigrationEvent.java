// SPDX-License-Identifier: Apache-2.0
package io.vmmig.event;

import io.vmmig.Notice;
import io.vmmig.Phase;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Something that happened in a migration, for progress bars and logs. */
public sealed interface MigrationEvent {
    /** The guest's name at this end. */
    String guest();

    /** The phase in which it happened. */
    Phase phase();

    /** When it happened. */
    Instant at();

    /** A phase has begun. */
    record PhaseStarted(String guest, Phase phase, Instant at) implements MigrationEvent {}

    /**
     * The migration waits, since as many go on already as may; its guest runs. {@link PhaseStarted} tells when it is admitted.
     *
     * @param ahead about how many wait that came before
     */
    record Waiting(String guest, Phase phase, Instant at, int ahead) implements MigrationEvent {}

    /**
     * A phase has ended, well or not.
     *
     * @param length how long it took
     */
    record PhaseEnded(String guest, Phase phase, Instant at, Duration length) implements MigrationEvent {}

    /**
     * Bytes have moved. At most ten a second; bytes never decrease within a phase, and the last one of a phase tells all.
     *
     * @param bytesDone bytes moved in this phase, before compression
     * @param bytesExpected an upper estimate of all bytes of this phase; at least {@code bytesDone}
     * @param bytesPerSecond the phase's mean rate so far
     * @param remaining an estimate of the time left in this phase, or null while there is none
     */
    record Progress(
            String guest,
            Phase phase,
            Instant at,
            long bytesDone,
            long bytesExpected,
            long bytesPerSecond,
            @Nullable Duration remaining)
            implements MigrationEvent {}

    /**
     * The connection with the other end broke, and was taken up again; the migration goes on where it was.
     *
     * @param outage how long there was none
     */
    record Reconnected(String guest, Phase phase, Instant at, Duration outage) implements MigrationEvent {}

    /**
     * Something was found that the caller should know; the report has it, too.
     *
     * @param notice what it is
     */
    record Noticed(String guest, Phase phase, Instant at, Notice notice) implements MigrationEvent {}
}
