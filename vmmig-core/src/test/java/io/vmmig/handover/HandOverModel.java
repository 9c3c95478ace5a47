// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.handover.HandOverRules.Step;
import io.vmmig.hypervisor.Interference;
import io.vmmig.transport.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Both ends of one hand-over and what is between them, step by step: every order of steps, every loss, delay and repetition of a
 * message, and a crash of either end after any step. What is decided is decided by {@link HandOverRules} and
 * {@link DestinationState}, as in the pipelines.
 */
final class HandOverModel {
    /** What the source does next, in its process. */
    enum Source {
        RUNS,
        NOTED,
        SAVED,
        COMMIT_NOTED,
        COMMIT_SENT,
        ASKING,
        TOLD_TAKEN,
        REMOVED,
        RESUMED_HERE,
        DONE,
        DEAD
    }

    /** What the source has on its disk. */
    enum Note {
        NOTHING,
        PREPARED,
        COMMITTED,
        SETTLED
    }

    /** What the destination does next, in its process. */
    enum Destination {
        IDLE,
        NOTED,
        RESTORED,
        RESTORE_NOTED,
        WAITING,
        COMMIT_NOTED,
        RUNS,
        RUN_NOTED,
        GIVING_UP,
        REMOVED,
        DONE,
        DEAD
    }

    /** What a person may do, once, to a guest that is paused for its move. */
    enum Acted {
        NOBODY,
        LET_RUN_AT_SOURCE,
        ENDED_AT_SOURCE,
        /** The same once the source has noted that it gives the guest away. */
        LET_RUN_GIVEN_AWAY,
        ENDED_GIVEN_AWAY,
        LET_RUN_AT_DESTINATION,
        ENDED_AT_DESTINATION
    }

    enum Message {
        RESTORED,
        COMMIT,
        RESUMED,
        REFUSED,
        QUESTION,
        TAKEN,
        NOT_TAKEN,
        UNDER_WAY,
        UNHEARD_OF
    }

    private static final Set<Message> OF_SESSION =
            EnumSet.of(Message.RESTORED, Message.COMMIT, Message.RESUMED, Message.REFUSED);

    /**
     * All of it at one moment.
     *
     * @param arrived what the destination has on its disk, or null for nothing
     * @param left whether an end has said that a person has to look
     * @param acted what a person has done to the guest while it was paused
     */
    record State(
            Source source,
            Note note,
            Found atSource,
            boolean sourceConnected,
            Destination destination,
            @Nullable DestinationState arrived,
            Found atDestination,
            boolean destinationConnected,
            Set<Message> flying,
            boolean left,
            Acted acted) {
        static final State FIRST = new State(
                Source.RUNS,
                Note.NOTHING,
                Found.RUNNING,
                true,
                Destination.IDLE,
                null,
                Found.NOTHING,
                true,
                Set.of(),
                false,
                Acted.NOBODY);

        State source(Source next) {
            return new State(
                    next,
                    note,
                    atSource,
                    sourceConnected,
                    destination,
                    arrived,
                    atDestination,
                    destinationConnected,
                    flying,
                    left,
                    acted);
        }

        State note(Note next) {
            return new State(
                    source,
                    next,
                    atSource,
                    sourceConnected,
                    destination,
                    arrived,
                    atDestination,
                    destinationConnected,
                    flying,
                    left,
                    acted);
        }

        State atSource(Found next) {
            return new State(
                    source,
                    note,
                    next,
                    sourceConnected,
                    destination,
                    arrived,
                    atDestination,
                    destinationConnected,
                    flying,
                    left,
                    acted);
        }

        State destination(Destination next) {
            return new State(
                    source,
                    note,
                    atSource,
                    sourceConnected,
                    next,
                    arrived,
                    atDestination,
                    destinationConnected,
                    flying,
                    left,
                    acted);
        }

        State arrived(DestinationState next) {
            return new State(
                    source,
                    note,
                    atSource,
                    sourceConnected,
                    destination,
                    next,
                    atDestination,
                    destinationConnected,
                    flying,
                    left,
                    acted);
        }

        State atDestination(Found next) {
            return new State(
                    source,
                    note,
                    atSource,
                    sourceConnected,
                    destination,
                    arrived,
                    next,
                    destinationConnected,
                    flying,
                    left,
                    acted);
        }

        State connected(boolean ofSource, boolean ofDestination) {
            return new State(
                    source,
                    note,
                    atSource,
                    ofSource,
                    destination,
                    arrived,
                    atDestination,
                    ofDestination,
                    flying,
                    left,
                    acted);
        }

        State sending(Message message) {
            Set<Message> more = EnumSet.of(message);
            more.addAll(flying);
            return flying(more);
        }

        State without(Message message) {
            Set<Message> fewer = new HashSet<>(flying);
            fewer.remove(message);
            return flying(fewer);
        }

        State flying(Set<Message> messages) {
            return new State(
                    source,
                    note,
                    atSource,
                    sourceConnected,
                    destination,
                    arrived,
                    atDestination,
                    destinationConnected,
                    Set.copyOf(messages),
                    left,
                    acted);
        }

        State leaving() {
            return new State(
                    source,
                    note,
                    atSource,
                    sourceConnected,
                    destination,
                    arrived,
                    atDestination,
                    destinationConnected,
                    flying,
                    true,
                    acted);
        }

        State acted(Acted act) {
            return new State(
                    source,
                    note,
                    atSource,
                    sourceConnected,
                    destination,
                    arrived,
                    atDestination,
                    destinationConnected,
                    flying,
                    left,
                    act);
        }

        /** As its hypervisor shows it to a process that has watched all the time. */
        Optional<Interference.Kind> seenAtSource() {
            return switch (acted) {
                case LET_RUN_AT_SOURCE, LET_RUN_GIVEN_AWAY -> Optional.of(Interference.Kind.RAN);
                case ENDED_AT_SOURCE, ENDED_GIVEN_AWAY -> Optional.of(Interference.Kind.ENDED);
                default -> Optional.empty();
            };
        }

        Optional<Interference.Kind> seenAtDestination() {
            return switch (acted) {
                case LET_RUN_AT_DESTINATION -> Optional.of(Interference.Kind.RAN);
                case ENDED_AT_DESTINATION -> Optional.of(Interference.Kind.ENDED);
                default -> Optional.empty();
            };
        }

        /** Back where it came from, unless a person has ended it there. */
        State rolledBack() {
            return (endedAtSource() ? this : atSource(Found.RUNNING)).source(Source.RESUMED_HERE);
        }

        boolean ranAtSource() {
            return seenAtSource().equals(Optional.of(Interference.Kind.RAN));
        }

        boolean endedAtSource() {
            return seenAtSource().equals(Optional.of(Interference.Kind.ENDED));
        }

        boolean ended() {
            return endedAtSource() || acted == Acted.ENDED_AT_DESTINATION;
        }

        boolean nowhere() {
            return atSource == Found.NOTHING && atDestination == Found.NOTHING;
        }

        boolean twice() {
            return atSource == Found.RUNNING && atDestination == Found.RUNNING;
        }

        boolean once() {
            return (atSource == Found.RUNNING && atDestination == Found.NOTHING)
                    || (atSource == Found.NOTHING && atDestination == Found.RUNNING);
        }

        boolean settled() {
            return note != Note.PREPARED
                    && note != Note.COMMITTED
                    && (arrived == null
                            || arrived == DestinationState.RESUMED
                            || arrived == DestinationState.DISCARDED);
        }
    }

    private final boolean powerFails;
    private final boolean keepsPromises;
    private final boolean personsAct;
    private final boolean looks;

    /**
     * @param powerFails whether a whole host may fail, with the guest that is on it, rather than only a process
     * @param keepsPromises whether a destination notes that it has said no; without, the model has to find what goes wrong
     */
    HandOverModel(boolean powerFails, boolean keepsPromises) {
        this(powerFails, keepsPromises, false, true);
    }

    private HandOverModel(boolean powerFails, boolean keepsPromises, boolean personsAct, boolean looks) {
        this.powerFails = powerFails;
        this.keepsPromises = keepsPromises;
        this.personsAct = personsAct;
        this.looks = looks;
    }

    /**
     * One where a person lets the paused guest run, for good or for a moment, or ends it, at either end and at any moment.
     *
     * @param looks whether the ends look at it before they give it away or take it; without, the model has to find what goes wrong
     */
    static HandOverModel withPersons(boolean looks) {
        return new HandOverModel(false, true, true, looks);
    }

    /** What may follow while nothing fails. */
    List<State> steps(State s) {
        List<State> next = new ArrayList<>();
        addStepsOfSource(s, next);
        addStepsOfDestination(s, next);
        // Whoever is left alone hears no more signs of life.
        if (s.sourceConnected() != s.destinationConnected()) {
            next.add(s.connected(false, false));
        }
        return next;
    }

    /** What may go wrong. */
    List<State> faults(State s) {
        List<State> next = new ArrayList<>();
        if (s.sourceConnected()) {
            next.add(s.connected(false, s.destinationConnected()));
        }
        if (s.destinationConnected()) {
            next.add(s.connected(s.sourceConnected(), false));
        }
        for (Message message : s.flying()) {
            // What is said over a connection gets lost only with it.
            if (!OF_SESSION.contains(message) || !s.sourceConnected() || !s.destinationConnected()) {
                next.add(s.without(message));
            }
        }
        if (s.source() != Source.DEAD) {
            State dead = s.source(Source.DEAD).connected(false, s.destinationConnected());
            next.add(dead);
            if (powerFails) {
                next.add(dead.atSource(Found.NOTHING));
            }
        }
        if (s.destination() != Destination.DEAD) {
            State dead = s.destination(Destination.DEAD).connected(s.sourceConnected(), false);
            next.add(dead);
            if (powerFails) {
                next.add(dead.atDestination(Found.NOTHING));
            }
        }
        // The destination cannot let the guest run after all; it may have done so in spite of the error.
        if (s.destination() == Destination.COMMIT_NOTED) {
            State retracting = s.arrived(DestinationState.RETRACTING).destination(Destination.GIVING_UP);
            next.add(retracting);
            next.add(retracting.atDestination(Found.RUNNING));
        }
        if (s.destination() == Destination.WAITING) {
            next.add(s.destination(Destination.GIVING_UP));
        }
        if (personsAct && s.acted() == Acted.NOBODY) {
            addActs(s, next);
        }
        return next;
    }

    private static void addActs(State s, List<State> next) {
        if (s.atSource() == Found.PAUSED) {
            // For good, and for a moment.
            boolean given = s.note() == Note.COMMITTED;
            Acted letRun = given ? Acted.LET_RUN_GIVEN_AWAY : Acted.LET_RUN_AT_SOURCE;
            next.add(s.atSource(Found.RUNNING).acted(letRun));
            next.add(s.acted(letRun));
            next.add(s.atSource(Found.NOTHING).acted(given ? Acted.ENDED_GIVEN_AWAY : Acted.ENDED_AT_SOURCE));
        }
        if (s.atDestination() == Found.PAUSED) {
            next.add(s.atDestination(Found.RUNNING).acted(Acted.LET_RUN_AT_DESTINATION));
            next.add(s.acted(Acted.LET_RUN_AT_DESTINATION));
            next.add(s.atDestination(Found.NOTHING).acted(Acted.ENDED_AT_DESTINATION));
        }
    }

    private void addStepsOfSource(State s, List<State> next) {
        switch (s.source()) {
            case RUNS -> next.add(s.note(Note.PREPARED).source(Source.NOTED));
            case NOTED -> next.add(s.atSource(Found.PAUSED).source(Source.SAVED));
            case SAVED -> {
                if (heard(s, Message.RESTORED)) {
                    next.add(
                            !looks || HandOverRules.mayGiveAway(s.seenAtSource())
                                    ? s.note(Note.COMMITTED).source(Source.COMMIT_NOTED)
                                    : s.rolledBack().connected(false, s.destinationConnected()));
                }
                if (!s.sourceConnected() || heard(s, Message.REFUSED)) {
                    next.add(s.rolledBack());
                }
            }
            case COMMIT_NOTED -> next.add(s.sending(Message.COMMIT).source(Source.COMMIT_SENT));
            case COMMIT_SENT -> {
                if (heard(s, Message.RESUMED)) {
                    next.add(s.source(Source.TOLD_TAKEN));
                }
                if (heard(s, Message.REFUSED)) {
                    next.add(s.rolledBack());
                }
                if (!s.sourceConnected()) {
                    next.add(s.sending(Message.QUESTION).source(Source.ASKING));
                }
            }
            case ASKING -> addAnswers(s, next);
            case TOLD_TAKEN -> {
                State removed = s.atSource(Found.NOTHING).source(Source.REMOVED);
                next.add(s.ranAtSource() ? removed.leaving() : removed);
            }
            case REMOVED, RESUMED_HERE -> next.add(s.note(Note.SETTLED).source(Source.DONE));
            case DONE -> {
                // Nothing more to do.
            }
            case DEAD -> addRecoveryOfSource(s, next);
        }
    }

    private static boolean heard(State s, Message message) {
        return s.sourceConnected() && s.flying().contains(message);
    }

    /** An answer may be heard late, and more than once. */
    private static void addAnswers(State s, List<State> next) {
        if (!s.flying().contains(Message.QUESTION)) {
            next.add(s.sending(Message.QUESTION));
        }
        for (Outcome outcome : Outcome.values()) {
            if (s.flying().contains(Message.valueOf(outcome.name()))) {
                switch (HandOverRules.ofSource(outcome, true, s.atSource(), s.ranAtSource())) {
                    case RETIRE -> next.add(s.source(Source.TOLD_TAKEN));
                    case RESUME -> next.add(s.rolledBack());
                    case NOTE -> next.add(s.source(Source.RESUMED_HERE));
                    default -> {
                        if (outcome != Outcome.UNDER_WAY) {
                            next.add(s.leaving());
                        }
                    }
                }
            }
        }
    }

    private static void addRecoveryOfSource(State s, List<State> next) {
        switch (s.note()) {
            case NOTHING, SETTLED -> {
                // No notes, nothing to recover.
            }
            case PREPARED -> {
                Step step = HandOverRules.ofSource(Outcome.NOT_TAKEN, true, s.atSource(), s.ranAtSource());
                next.add((step == Step.RESUME ? s.atSource(Found.RUNNING) : s).source(Source.RESUMED_HERE));
            }
            case COMMITTED -> next.add(s.sending(Message.QUESTION).source(Source.ASKING));
        }
    }

    private void addStepsOfDestination(State s, List<State> next) {
        switch (s.destination()) {
            case IDLE -> {
                if (s.source() == Source.SAVED && s.destinationConnected()) {
                    next.add(s.arrived(DestinationState.OFFERED).destination(Destination.NOTED));
                }
            }
            case NOTED -> next.add(s.atDestination(Found.PAUSED).destination(Destination.RESTORED));
            case RESTORED -> addUnlessAbandoned(s, DestinationState.RESTORED, Destination.RESTORE_NOTED, next);
            case RESTORE_NOTED ->
                next.add(
                        !looks || HandOverRules.mayBeGiven(s.seenAtDestination())
                                ? s.sending(Message.RESTORED).destination(Destination.WAITING)
                                : s.destination(Destination.GIVING_UP));
            case WAITING -> {
                if (s.destinationConnected() && s.flying().contains(Message.COMMIT)) {
                    if (!looks || HandOverRules.takes(s.seenAtDestination())) {
                        addUnlessAbandoned(s, DestinationState.COMMITTED, Destination.COMMIT_NOTED, next);
                    } else {
                        next.add(s.destination(Destination.GIVING_UP));
                    }
                }
                if (!s.destinationConnected()) {
                    next.add(s.destination(Destination.GIVING_UP));
                }
            }
            case COMMIT_NOTED ->
                next.add(
                        s.atDestination() == Found.NOTHING
                                ? s.arrived(DestinationState.RETRACTING).destination(Destination.GIVING_UP)
                                : s.atDestination(Found.RUNNING).destination(Destination.RUNS));
            case RUNS -> next.add(s.arrived(DestinationState.RESUMED).destination(Destination.RUN_NOTED));
            case RUN_NOTED -> next.add(s.sending(Message.RESUMED).destination(Destination.DONE));
            case GIVING_UP -> next.add(s.atDestination(Found.NOTHING).destination(Destination.REMOVED));
            case REMOVED ->
                next.add(s.arrived(DestinationState.DISCARDED)
                        .sending(Message.REFUSED)
                        .destination(Destination.DONE));
            case DONE -> {
                // Nothing more to do but to answer.
            }
            case DEAD -> addRecoveryOfDestination(s, next);
        }
        // Also by a process that has not recovered yet.
        if (s.flying().contains(Message.QUESTION)) {
            answer(s, next);
        }
    }

    private static void addUnlessAbandoned(State s, DestinationState noted, Destination then, List<State> next) {
        boolean abandoned = s.arrived() == DestinationState.ABANDONED;
        next.add(
                abandoned
                        ? s.destination(Destination.GIVING_UP)
                        : s.arrived(noted).destination(then));
    }

    private void answer(State s, List<State> next) {
        if (s.arrived() == null) {
            next.add(s.without(Message.QUESTION).sending(Message.UNHEARD_OF));
            return;
        }
        Outcome outcome = HandOverRules.outcome(s.arrived(), false);
        State answered = s.without(Message.QUESTION).sending(Message.valueOf(outcome.name()));
        boolean promise = outcome == Outcome.NOT_TAKEN && s.arrived().canBecome(DestinationState.ABANDONED);
        next.add(promise && keepsPromises ? answered.arrived(DestinationState.ABANDONED) : answered);
    }

    private static void addRecoveryOfDestination(State s, List<State> next) {
        if (s.arrived() == null) {
            return;
        }
        switch (HandOverRules.ofDestination(s.arrived(), true, s.atDestination())) {
            case DISCARD -> next.add(s.destination(Destination.GIVING_UP));
            case RESUME -> next.add(s.destination(Destination.COMMIT_NOTED));
            case NOTE -> next.add(s.destination(Destination.RUNS));
            case NOTHING -> next.add(s.destination(Destination.DONE));
            default -> next.add(s.leaving().destination(Destination.DONE));
        }
    }

    /**
     * What a walk through all states has found.
     *
     * @param states how many states there are
     * @param bad how the first bad one comes about, step by step; empty when there is none
     */
    record Walk(int states, List<State> bad) {}

    /** Visits every state that can be reached, the nearest first. */
    Walk walk(Predicate<State> bad) {
        Map<State, State> from = new HashMap<>();
        Queue<State> open = new ArrayDeque<>();
        open.add(State.FIRST);
        from.put(State.FIRST, State.FIRST);
        List<State> found = List.of();
        while (!open.isEmpty()) {
            State state = open.remove();
            if (found.isEmpty() && bad.test(state)) {
                found = way(state, from);
            }
            List<State> next = steps(state);
            next.addAll(faults(state));
            for (State follower : next) {
                if (from.putIfAbsent(follower, state) == null) {
                    open.add(follower);
                }
            }
        }
        return new Walk(from.size(), found);
    }

    private static List<State> way(State to, Map<State, State> from) {
        List<State> way = new ArrayList<>();
        for (State at = to; !at.equals(State.FIRST); at = from.get(at)) {
            way.add(0, at);
        }
        return way;
    }

    /** Looks for a state from which, if nothing failed any more, {@code good} would never come. */
    Walk hopeless(Predicate<State> good) {
        Map<State, List<State>> before = new HashMap<>();
        Set<State> hopeful = new HashSet<>();
        Queue<State> open = new ArrayDeque<>();
        walk(state -> {
            for (State follower : steps(state)) {
                before.computeIfAbsent(follower, f -> new ArrayList<>()).add(state);
            }
            if (good.test(state)) {
                hopeful.add(state);
                open.add(state);
            }
            return false;
        });
        while (!open.isEmpty()) {
            for (State earlier : before.getOrDefault(open.remove(), List.of())) {
                if (hopeful.add(earlier)) {
                    open.add(earlier);
                }
            }
        }
        return walk(state -> !hopeful.contains(state));
    }
}
