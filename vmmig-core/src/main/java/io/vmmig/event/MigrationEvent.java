// SPDX-License-Identifier: Apache-2.0
package io.vmmig.event;

import io.vmmig.error.Phase;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.Notice;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Something that happened in a migration, for progress bars and logs. */
public sealed interface MigrationEvent {
    /** The guest's name at this end; at a destination {@code (not known yet)} until the offer has arrived. */
    String guest();

    /** The phase in which it happened. */
    Phase phase();

    /** When it happened. */
    Instant at();

    /** A phase has begun. */
    record PhaseStarted(String guest, Phase phase, Instant at) implements MigrationEvent {}

    /**
     * The migration waits for a permit, since the limit of concurrent migrations is reached; its guest keeps running. The next {@link
     * PhaseStarted} tells that it was admitted.
     *
     * @param ahead about how many migrations wait before this one
     */
    record Waiting(String guest, Phase phase, Instant at, int ahead) implements MigrationEvent {}

    /**
     * A phase has ended, by success or failure.
     *
     * @param length how long it took
     */
    record PhaseEnded(String guest, Phase phase, Instant at, Duration length) implements MigrationEvent {}

    /**
     * The migration's progress. Sent when a phase or a step begins, and at most ten times a second while bytes move; the last one, before
     * {@link Done}, has the fraction 1.
     *
     * @param fraction how much of the whole migration is done, from 0 to 1; never decreases
     * @param remaining an estimate of the time left for the whole migration; null only while it waits to be admitted
     * @param doing what is being done, for people, such as "moving memory"
     * @param bytesDone bytes moved in this phase, before compression; in {@link Phase#SNAPSHOT}, how much of the guest's memory is done,
     *     pages of zeros included
     * @param bytesExpected an upper estimate of all bytes of this phase; at least {@code bytesDone}
     * @param bytesPerSecond the phase's mean rate so far
     */
    record Progress(
            String guest,
            Phase phase,
            Instant at,
            double fraction,
            @Nullable Duration remaining,
            String doing,
            long bytesDone,
            long bytesExpected,
            long bytesPerSecond)
            implements MigrationEvent {}

    /**
     * The last event of a migration that succeeded.
     *
     * @param report what {@link io.vmmig.Migration#await()} returns
     */
    record Done(String guest, Phase phase, Instant at, MigrationReport report) implements MigrationEvent {}

    /**
     * The last event of a migration that failed.
     *
     * @param reason what {@link io.vmmig.Migration#await()} throws: a {@link io.vmmig.error.VmmigException}, unless it is a bug
     */
    record Failed(String guest, Phase phase, Instant at, Throwable reason) implements MigrationEvent {}

    /**
     * The connection with the other end broke and was restored; the migration continues from where it was.
     *
     * @param outage how long the connection was down
     */
    record Reconnected(String guest, Phase phase, Instant at, Duration outage) implements MigrationEvent {}

    /**
     * Something was found that the caller should know; the report has it, too.
     *
     * @param notice what it is
     */
    record Noticed(String guest, Phase phase, Instant at, Notice notice) implements MigrationEvent {}
}
