// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.VmmigException;
import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.handover.HandOverRules.Step;
import io.vmmig.hypervisor.Interference;
import io.vmmig.transport.Outcome;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The destination's side of one hand-over: it alone decides whether the guest is resumed or removed here, in the normal course, after a
 * failure and after a crash, and it records each step before it takes it. {@code HandOverModel} checks this class together with {@link
 * SourceHandOver}. For one thread, except {@link #answer}.
 */
public final class DestinationHandOver {
    private static final Logger LOG = LoggerFactory.getLogger(DestinationHandOver.class);

    /** A guest at its destination, possibly left by a crash. A call that throws may have taken effect. */
    public interface LeftGuest {
        /** Resumes the guest. */
        void resume() throws VmmigException;

        /** Has this host start the guest at boot. */
        void setAutostart() throws VmmigException;

        /** Removes the guest from the hypervisor, if it is there. */
        void remove() throws VmmigException;

        /** Removes the files that were created for it; throws if any is left. */
        void removeFiles() throws VmmigException;

        /** Records for later inquiries whether the guest was taken over. */
        void remember(boolean taken) throws VmmigException;

        /** Releases what was claimed for the guest: the migration is resolved. */
        void release();
    }

    /** The guest of a migration that is under way. */
    public interface DestinationGuest extends LeftGuest {
        String name();

        /** What somebody else did to the guest since it was restored. */
        Optional<Interference> interference() throws VmmigException;

        /** Leaves the guest to this host, paused. */
        void leavePaused();
    }

    private final DestinationJournal journal;
    private final DestinationGuest guest;
    /** Whether the hypervisor was told to resume the guest or to leave it paused for good. */
    private boolean letRun;
    /** Whether something of the guest may still be here. */
    private boolean leftBehind;
    /** Whether only its files could not be removed. */
    private boolean filesLeft;

    DestinationHandOver(DestinationJournal journal, DestinationGuest guest) {
        this.journal = journal;
        this.guest = guest;
    }

    /** Begins a hand-over: OFFERED has just been recorded, and nothing has been created for the guest. */
    public static DestinationHandOver begin(ArrivalJournal journal, DestinationGuest guest) {
        return new DestinationHandOver(journal, guest);
    }

    /** OFFERED → RECEIVED: disks and memory are here, except the end of the memory. */
    public void received() throws VmmigException {
        journal.enter(DestinationState.RECEIVED);
    }

    /** RECEIVED → VERIFIED: the digests match, and the signer is accepted. */
    public void verified() throws VmmigException {
        journal.enter(DestinationState.VERIFIED);
    }

    /**
     * VERIFIED → RESTORED: the guest is here, paused. Only after this may the source be told so.
     *
     * @param running whether it is to run here
     * @param autostart whether this host is to start it at boot
     */
    public void restored(boolean running, boolean autostart) throws VmmigException {
        journal.restored(running, autostart);
        Optional<Interference> seen = guest.interference();
        if (!HandOverRules.mayBeGiven(seen.map(Interference::kind))) {
            throw Interferences.atDestination(seen.orElseThrow());
        }
    }

    /**
     * RESTORED → COMMITTED: the source has handed the guest over. If the guest is no longer here, this throws, and the source resumes it.
     *
     * @return how somebody else resumed it here before that
     */
    public Optional<Interference> committed() throws VmmigException {
        Optional<Interference> seen = guest.interference();
        if (!HandOverRules.takes(seen.map(Interference::kind))) {
            throw Interferences.atDestination(seen.orElseThrow());
        }
        journal.enter(DestinationState.COMMITTED);
        return seen.filter(one -> one.kind() == Interference.Kind.RAN);
    }

    /** COMMITTED → RESUMED: the guest runs here, or stays paused if it was paused before. Only after this may the source be told so. */
    public void resume() throws VmmigException {
        if (journal.running()) {
            guest.resume();
        } else {
            guest.leavePaused();
        }
        letRun = true;
        if (journal.autostart()) {
            guest.setAutostart();
        }
        guest.remember(true);
        journal.resumed();
        guest.release();
    }

    /**
     * Cleans up after a failure. A guest that was not handed over is removed. One that was handed over is removed only if the hypervisor
     * has refused to resume it, and is left to a recovery if it may run.
     */
    public void failed(Throwable why) {
        switch (journal.state()) {
            case RESUMED, DISCARDED -> {
                // It has been decided.
            }
            case COMMITTED -> {
                if (letRun || HandOverRules.isBusy(why) || HandOverRules.mayHaveActed(why)) {
                    leftBehind = true;
                    LOG.error("guest {}: it was handed over, and its resume here was not completed", guest.name(), why);
                    guest.leavePaused();
                } else {
                    journal.retracting();
                    discard(why);
                }
            }
            case OFFERED, RECEIVED, VERIFIED, RESTORED, ABANDONED, RETRACTING -> discard(why);
        }
    }

    private void discard(Throwable why) {
        try {
            guest.remove();
        } catch (VmmigException | RuntimeException e) {
            leftBehind = true;
            LOG.error("guest {}: it is not certain that nothing of it is left here", guest.name(), e);
            if (e != why) {
                why.addSuppressed(e);
            }
            guest.leavePaused();
            return;
        }
        try {
            guest.remember(false);
            guest.removeFiles();
            journal.discarded();
        } catch (VmmigException | RuntimeException e) {
            LOG.error("guest {}: it does not run here, and some of it is left", guest.name(), e);
            why.addSuppressed(e);
            abandon();
        }
    }

    /** Records that the guest will not run here; a recovery removes what is left of it. */
    private void abandon() {
        filesLeft = true;
        try {
            if (journal.state() != DestinationState.ABANDONED && journal.state() != DestinationState.RETRACTING) {
                journal.enter(DestinationState.ABANDONED);
            }
        } catch (VmmigException e) {
            LOG.warn("guest {}: that it will not run here could not be recorded", guest.name(), e);
        }
    }

    /** Whether the guest runs here or may run here: then the source must not be told that it was refused. */
    public boolean mayRunHere() {
        DestinationState state = journal.state();
        return state == DestinationState.RESUMED
                || (leftBehind && (state == DestinationState.COMMITTED || state == DestinationState.RETRACTING));
    }

    /** Whether a recovery has something to finish here. */
    public boolean leftToRecovery() {
        return leftBehind || filesLeft;
    }

    /** The current state. */
    public DestinationState state() {
        return journal.state();
    }

    /**
     * The answer to a source that has lost the connection. A destination that answers NOT_TAKEN first records that it will never take the
     * guest over. The caller holds the journal's lock.
     */
    static Outcome answer(DestinationJournal journal) throws VmmigException {
        Outcome outcome = HandOverRules.outcome(journal.state(), journal.torn());
        if (outcome == Outcome.NOT_TAKEN && journal.state().canBecome(DestinationState.ABANDONED)) {
            journal.enter(DestinationState.ABANDONED);
        }
        return outcome;
    }

    /**
     * Resolves an unfinished journal after a crash.
     *
     * @param found the state in which the guest was found here
     * @return what was done; {@link Step#LEAVE} if a person has to look
     */
    public static Step recover(DestinationJournal journal, LeftGuest guest, Found found) throws VmmigException {
        Step step = HandOverRules.ofDestination(journal.state(), journal.running(), found);
        switch (step) {
            case DISCARD -> {
                guest.remove();
                guest.removeFiles();
                guest.remember(false);
                journal.discarded();
                guest.release();
            }
            case RESUME, RECORD -> {
                if (step == Step.RESUME) {
                    guest.resume();
                }
                if (journal.autostart()) {
                    guest.setAutostart();
                }
                guest.remember(true);
                journal.resumed();
                guest.release();
            }
            case LEAVE, NOTHING -> {
                // A person has to decide, or nothing is left to do.
            }
            case RETIRE -> throw new IllegalStateException("no step of a destination: " + step);
        }
        return step;
    }

    /**
     * Carries out the decision of a person who has looked at both hosts.
     *
     * @param here whether the guest belongs here
     * @param found the state in which the guest was found here
     * @return {@link Step#LEAVE} if it runs here, and has to be ended first
     */
    public static Step decide(ArrivalJournal journal, LeftGuest guest, boolean here, Found found)
            throws VmmigException {
        Step step = HandOverRules.ofDecision(here, found);
        if (step == Step.DISCARD) {
            journal.decided(false);
            guest.remove();
            guest.removeFiles();
            guest.release();
        } else if (step == Step.RECORD) {
            guest.remember(true);
            journal.decided(true);
            guest.release();
        }
        return step;
    }
}
