// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.handover.HandOverRules.Step;
import io.vmmig.hypervisor.Interference;
import io.vmmig.transport.Outcome;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The source's side of one hand-over: it alone decides whether the guest is paused, resumed or removed here, in the normal course,
 * after a failure and after a crash, and it records each step before it takes it. {@code HandOverModel} checks this class together with
 * {@link DestinationHandOver}. For one thread.
 */
public final class SourceHandOver {
    private static final Logger LOG = LoggerFactory.getLogger(SourceHandOver.class);

    /** Actions on a guest at its source. A call that throws may have taken effect. */
    public interface Actions {
        /** Resumes the guest if it was running; a guest that somebody has ended stays ended. */
        void resume() throws VmmigException;

        /**
         * Removes the guest, which has been handed over.
         *
         * @param ran how somebody else resumed it here meanwhile; its files are then left for a person to inspect
         */
        void retire(Optional<Interference> ran) throws VmmigException;

        /** Has this host start the guest at boot, or not. */
        void setAutostart(boolean on) throws VmmigException;
    }

    /** The guest of a migration that is under way. */
    public interface SourceGuest extends Actions {
        String name();

        /** The guest's current state. */
        Found found() throws VmmigException;

        /**
         * Begins to save the guest while it runs; it may be paused at any moment from then on. A call that throws leaves it as it was, or
         * paused.
         */
        void beginLive() throws VmmigException;

        /** Pauses the guest, and returns whether it was running. A call that throws leaves it as it was, or paused. */
        boolean save() throws VmmigException;

        /** What somebody else did to the guest since it was saved. */
        Optional<Interference> interference() throws VmmigException;

        /** Reports that somebody else resumed the guest, although the destination may have it. */
        void alarm(Interference ran);
    }

    /** A guest left by a crash. */
    public interface LeftGuest extends Actions {
        /** Cleans up for a guest that stays: returns its memory, removes its package. */
        void clearUp() throws VmmigException;
    }

    private final SourceJournal journal;
    private final SourceGuest guest;
    private SourceState state;
    /** Whether the hypervisor was told to save the guest. */
    private boolean saving;
    /** Whether the destination has confirmed that it took the guest over. */
    private boolean taken;
    /** Whether the hypervisor did not carry out the decision, so that a recovery has to. */
    private boolean leftToRecovery;

    SourceHandOver(SourceJournal journal, SourceGuest guest, SourceState state) {
        this.journal = journal;
        this.guest = guest;
        this.state = state;
    }

    /** Begins a hand-over: PREPARED has just been recorded, and the guest has not been changed. */
    public static SourceHandOver begin(DepartureJournal journal, SourceGuest guest) {
        return new SourceHandOver(journal, guest, SourceState.PREPARED);
    }

    /** The current state. */
    public SourceState state() {
        return state;
    }

    /** Whether a recovery has to carry out the decision. */
    public boolean leftToRecovery() {
        return leftToRecovery;
    }

    /**
     * PREPARED → LIVE: has the guest saved while it runs. Call {@link #save} when it is to be paused, at the latest when its memory has been
     * read.
     */
    public void beginLive() throws VmmigException {
        saving = true;
        guest.beginLive();
        state = state.then(SourceState.LIVE);
    }

    /** PREPARED or LIVE → SAVED: pauses the guest. */
    public void save() throws VmmigException {
        saving = true;
        boolean ran = guest.save();
        state = state.then(SourceState.SAVED);
        journal.saved(ran);
    }

    /**
     * Throws unless the guest has been paused without a break since it was saved. Call this before the package is completed: without its
     * end, the destination trusts nothing in it.
     */
    public void requireUndisturbed() throws VmmigException {
        Optional<Interference> seen = guest.interference();
        if (!HandOverRules.mayGiveAway(seen.map(Interference::kind))) {
            throw Interferences.atSource(seen.orElseThrow());
        }
    }

    /** SAVED → SENT: the destination holds the guest, paused and verified. */
    public void sent() {
        state = state.then(SourceState.SENT);
    }

    /**
     * SENT → COMMITTED. Send COMMIT right after this, then call {@link #resolve} with its outcome, or {@link #failed}.
     *
     * @param autostart whether this host starts the guest at boot; turned off while the guest may run elsewhere
     */
    public void commit(boolean autostart) throws VmmigException {
        requireUndisturbed();
        SourceState next = state.then(SourceState.COMMITTED);
        journal.commit(autostart);
        state = next;
        if (autostart) {
            guest.setAutostart(false);
        }
    }

    /**
     * COMMITTED → RETIRED, ROLLED_BACK or UNKNOWN, depending on the destination's answer; a guest that was packed and continues here stays
     * COPIED.
     *
     * @param lost why the destination did not confirm at once; null if it did
     * @throws VmmigException with {@link Problem#CONNECTION_LOST} when the destination has not taken the guest over; {@code lost} when the
     *     outcome is unknown; or the reason why the guest could not be removed here
     */
    public void resolve(Outcome outcome, @Nullable VmmigException lost) throws VmmigException {
        boolean packed = state == SourceState.COPIED;
        switch (outcome) {
            case TAKEN -> {
                if (!packed) {
                    retire();
                }
            }
            case NOT_TAKEN -> {
                VmmigException failure = VmmigException.of(
                        Problem.CONNECTION_LOST,
                        packed
                                ? "the package could not be completed"
                                : "the connection broke while the guest was handed over, and the destination has not taken it",
                        packed ? "Pack the guest again." : "Start the migration again.");
                if (lost != null) {
                    failure.addSuppressed(lost);
                }
                throw failure;
            }
            case UNDER_WAY, UNHEARD_OF -> {
                if (!packed) {
                    leaveUnknown();
                }
                throw Objects.requireNonNull(lost);
            }
        }
    }

    private void retire() throws VmmigException {
        taken = true;
        guest.retire(ranMeanwhile());
        state = state.then(SourceState.RETIRED);
        endJournal();
    }

    /** SAVED → COPIED: the guest was packed, and continues here even if its package is lost. */
    public void continueAsBefore() throws VmmigException {
        try {
            guest.resume();
        } catch (VmmigException | RuntimeException | Error e) {
            leftToRecovery = true;
            throw e;
        }
        state = state.then(SourceState.COPIED);
        journal.copied();
    }

    /** Resolves the migration of a packed guest: its package is complete, or nothing of it is left. */
    public void endJournal() {
        try {
            journal.end();
        } catch (VmmigException e) {
            // A recovery will find that this journal is resolved.
            LOG.warn("guest {}: the journal of its departure stays", guest.name(), e);
        }
    }

    /**
     * Rolls back after a failure. Before COMMITTED the guest continues here. After that it continues only if {@code why} proves that the
     * destination did not and will not take it over; otherwise it stays paused.
     */
    public void failed(Throwable why) {
        if (leftToRecovery || taken) {
            leftToRecovery = true;
            return;
        }
        switch (state) {
            case PREPARED -> endUnsaved(why);
            case LIVE, SAVED, SENT -> rollBack(why);
            case COMMITTED -> {
                if (why instanceof VmmigException known && known.problem() != Problem.OUTCOME_UNKNOWN) {
                    rollBack(why);
                } else {
                    leftToRecovery = true;
                    leaveUnknown();
                }
            }
            case COPIED -> {
                // If the package may be visible, the journal stays for a recovery.
                if (why instanceof VmmigException known && known.problem() != Problem.OUTCOME_UNKNOWN) {
                    endJournal();
                }
            }
            case RETIRED, ROLLED_BACK, UNKNOWN -> {
                // It has been decided.
            }
        }
    }

    /** After a failed save, the guest is as it was, or paused if the hypervisor did not answer. */
    private void endUnsaved(Throwable why) {
        if (saving && HandOverRules.mayHaveActed(why)) {
            if (!attempt(guest::resume, "it is not certain that it continues", why)) {
                return;
            }
        } else if (saving && !HandOverRules.isBusy(why) && pausedThoughItRan()) {
            // Either a user suspended it, or the hypervisor could not resume it: leave that to a recovery.
            leftToRecovery = true;
            return;
        }
        endJournal();
    }

    private boolean pausedThoughItRan() {
        try {
            return journal.ran() && guest.found() == Found.PAUSED;
        } catch (VmmigException e) {
            LOG.warn("guest {}: it cannot be seen whether it is paused", guest.name(), e);
            return false;
        }
    }

    private void rollBack(Throwable why) {
        if (!attempt(guest::resume, "it could not be resumed", why)) {
            return;
        }
        boolean committed = state == SourceState.COMMITTED;
        state = state.then(SourceState.ROLLED_BACK);
        boolean restored =
                !committed || attempt(this::restoreAutostart, "it could not be set to start at boot again", why);
        // After a bug it is not certain that the package was cleared: a recovery sees to it.
        if (restored && why instanceof VmmigException) {
            endJournal();
        }
    }

    private void restoreAutostart() throws VmmigException {
        if (journal.autostart()) {
            guest.setAutostart(true);
        }
    }

    /** Leaves the guest paused and its journal at COMMITTED: only the destination knows the outcome. */
    private void leaveUnknown() {
        ranMeanwhile().ifPresent(guest::alarm);
        state = state.then(SourceState.UNKNOWN);
    }

    private Optional<Interference> ranMeanwhile() {
        try {
            return guest.interference().filter(seen -> seen.kind() == Interference.Kind.RAN);
        } catch (VmmigException e) {
            LOG.warn("guest {}: whether it ran here after it had been handed over is not known", guest.name(), e);
            return Optional.empty();
        }
    }

    @FunctionalInterface
    private interface Action {
        void run() throws VmmigException;
    }

    /** Whether {@code action} succeeded; if not, the journal stays for a recovery. */
    private boolean attempt(Action action, String orElse, Throwable why) {
        try {
            action.run();
            return true;
        } catch (VmmigException | RuntimeException | Error e) {
            leftToRecovery = true;
            LOG.error("guest {}: {}", guest.name(), orElse, e);
            if (e != why) {
                why.addSuppressed(e);
            }
            return false;
        }
    }

    /**
     * Resolves an unfinished journal after a crash.
     *
     * @param outcome the destination's answer, if COMMIT may have been sent; else {@link Outcome#NOT_TAKEN}
     * @param found the state in which the guest was found here
     * @param ranSince whether it has run since it was saved, even if it is paused again
     * @return what was done; {@link Step#LEAVE} if a person has to look
     */
    public static Step recover(SourceJournal journal, LeftGuest guest, Outcome outcome, Found found, boolean ranSince)
            throws VmmigException {
        Step step = HandOverRules.ofSource(outcome, journal.ran() && !journal.isCopied(), found, ranSince);
        switch (step) {
            case RESUME, RECORD -> {
                if (step == Step.RESUME) {
                    guest.resume();
                }
                if (journal.autostart()) {
                    guest.setAutostart(true);
                }
                guest.clearUp();
                journal.end();
            }
            case RETIRE -> {
                guest.retire(Optional.empty());
                journal.end();
            }
            case LEAVE -> {
                // It is not known here where the guest belongs.
            }
            case DISCARD, NOTHING -> throw new IllegalStateException("no step of a source: " + step);
        }
        return step;
    }
}
