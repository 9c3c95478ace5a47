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
 * SourceHandOver}. For one thread, but for {@link #answer}.
 */
public final class DestinationHandOver {
    private static final Logger LOG = LoggerFactory.getLogger(DestinationHandOver.class);

    /** A guest at its destination, also one that a crash has left. A call that throws may have taken effect. */
    public interface LeftGuest {
        /** Lets the guest run. */
        void resume() throws VmmigException;

        /** Has this host start the guest at boot. */
        void setAutostart() throws VmmigException;

        /** Removes the guest from the hypervisor, as far as there is anything of it. */
        void remove() throws VmmigException;

        /** Removes the files that were made for it; throws if something is left of them. */
        void removeFiles() throws VmmigException;

        /** Records, for those who ask later, that the guest was taken, or that it was not. */
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
    /** Whether the hypervisor was told that the guest is this host's for good. */
    private boolean letRun;
    /** Whether it is not certain that the guest is gone again. */
    private boolean leftBehind;
    /** Whether only files of it could not be removed. */
    private boolean filesLeft;

    DestinationHandOver(DestinationJournal journal, DestinationGuest guest) {
        this.journal = journal;
        this.guest = guest;
    }

    /** One that begins: OFFERED has just been recorded, and nothing has been made for the guest. */
    public static DestinationHandOver begin(ArrivalJournal journal, DestinationGuest guest) {
        return new DestinationHandOver(journal, guest);
    }

    /** OFFERED → RECEIVED: disks and memory are here, but for the end of the memory. */
    public void received() throws VmmigException {
        journal.enter(DestinationState.RECEIVED);
    }

    /** RECEIVED → VERIFIED: what is here is what was sent, and its sender is accepted. */
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
     * RESTORED → COMMITTED: the source has given the guest away. If it is not here any more, the source takes it back.
     *
     * @return how somebody else let it run here before that
     */
    public Optional<Interference> committed() throws VmmigException {
        Optional<Interference> seen = guest.interference();
        if (!HandOverRules.takes(seen.map(Interference::kind))) {
            throw Interferences.atDestination(seen.orElseThrow());
        }
        journal.enter(DestinationState.COMMITTED);
        return seen.filter(one -> one.kind() == Interference.Kind.RAN);
    }

    /** COMMITTED → RESUMED: the guest runs here, or stays paused if that is how it was. Only after this may the source be told so. */
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
     * The migration has failed. Nothing of the guest is left here, unless it has been handed over: then it is removed only if the
     * hypervisor has refused to resume it, and is left to a recovery if nobody can tell whether it runs.
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

    /** What is left of it a recovery removes; it will not run here. */
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

    /** Whether the guest runs here, or may: then the source must not be told that it was refused. */
    public boolean mayRunHere() {
        DestinationState state = journal.state();
        return state == DestinationState.RESUMED
                || (leftBehind && (state == DestinationState.COMMITTED || state == DestinationState.RETRACTING));
    }

    /** Whether a recovery has something to finish here. */
    public boolean leftToRecovery() {
        return leftBehind || filesLeft;
    }

    /** Where it stands. */
    public DestinationState state() {
        return journal.state();
    }

    /**
     * What the destination says to a source that has lost the connection. Once it has said that the guest is not taken, it never takes
     * it: that is recorded first. The caller holds the journal's lock.
     */
    static Outcome answer(DestinationJournal journal) throws VmmigException {
        Outcome outcome = HandOverRules.outcome(journal.state(), journal.torn());
        if (outcome == Outcome.NOT_TAKEN && journal.state().canBecome(DestinationState.ABANDONED)) {
            journal.enter(DestinationState.ABANDONED);
        }
        return outcome;
    }

    /**
     * Finishes, after a crash, what a journal says was begun.
     *
     * @param found what there is of the guest here
     * @return what was done; {@link Step#LEAVE} if a person has to look
     */
    public static Step recover(ArrivalJournal journal, LeftGuest guest, Found found) throws VmmigException {
        return recover((DestinationJournal) journal, guest, found);
    }

    static Step recover(DestinationJournal journal, LeftGuest guest, Found found) throws VmmigException {
        Step step = HandOverRules.ofDestination(journal.state(), journal.running(), found);
        switch (step) {
            case DISCARD -> {
                guest.remove();
                guest.removeFiles();
                guest.remember(false);
                journal.discarded();
                guest.release();
            }
            case RESUME, NOTE -> {
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
                // A person has to look, or nothing is left to do.
            }
            case RETIRE -> throw new IllegalStateException("no step of a destination: " + step);
        }
        return step;
    }

    /**
     * Finishes what a person has decided who has looked at both hosts.
     *
     * @param here whether the guest lives here
     * @param found what there is of the guest here
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
        } else if (step == Step.NOTE) {
            guest.remember(true);
            journal.decided(true);
            guest.release();
        }
        return step;
    }
}
