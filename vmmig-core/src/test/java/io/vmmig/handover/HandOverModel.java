// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.handover.HandOverRules.Step;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Interference;
import io.vmmig.transport.Outcome;
import java.time.Instant;
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
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Both ends of one hand-over and what is between them. {@link SourceHandOver} and {@link DestinationHandOver} decide, the very classes of
 * the product; the model is their guests, their journals and the network. Every order of their calls is tried, every loss, delay and
 * repetition of a message; a crash between any two things that a call does; and the failure of each of these things, whether or not it
 * took effect.
 */
final class HandOverModel {
    /** How far the source's program is. */
    enum Source {
        BEGINS,
        PREPARED,
        LIVE,
        SAVED,
        COMMIT_SENT,
        ASKING,
        DONE,
        DEAD,
        RECOVERING
    }

    /** How far the destination's program is. */
    enum Destination {
        IDLE,
        OFFERED,
        RESTORED,
        WAITING,
        COMMITTED,
        DONE,
        DEAD
    }

    /** What a person may do, once, to a guest that is paused for its move. */
    enum Acted {
        NOBODY,
        LET_RUN_AT_SOURCE,
        ENDED_AT_SOURCE,
        /** The same once the source has recorded that it gives the guest away. */
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
     * @param recorded what the source has on its disk; null before it begins and once all is resolved
     * @param arrived what the destination has on its disk, or null for nothing
     * @param served whether the hand-over has let the guest run at the destination
     * @param left whether an end has said that a person has to look
     * @param acted what a person has done to the guest while it was paused
     */
    record State(
            Source source,
            @Nullable SourceState recorded,
            Found atSource,
            boolean sourceConnected,
            Destination destination,
            @Nullable DestinationState arrived,
            Found atDestination,
            boolean destinationConnected,
            Set<Message> flying,
            boolean served,
            boolean left,
            Acted acted) {
        static final State FIRST = new State(
                Source.BEGINS,
                null,
                Found.RUNNING,
                true,
                Destination.IDLE,
                null,
                Found.NOTHING,
                true,
                Set.of(),
                false,
                false,
                Acted.NOBODY);

        State with(Consumer<World> change) {
            World world = new World(this, null);
            change.accept(world);
            return world.state();
        }

        boolean heardBySource(Message message) {
            return sourceConnected && flying.contains(message);
        }

        boolean ranAtSource() {
            return acted == Acted.LET_RUN_AT_SOURCE || acted == Acted.LET_RUN_GIVEN_AWAY;
        }

        boolean endedAtSource() {
            return acted == Acted.ENDED_AT_SOURCE || acted == Acted.ENDED_GIVEN_AWAY;
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

        boolean resolved() {
            return recorded == null
                    && (arrived == null
                            || arrived == DestinationState.RESUMED
                            || arrived == DestinationState.DISCARDED);
        }
    }

    /** What goes wrong with one of the things that a call does: the one of that number. */
    private record Fault(Kind kind, int number) {
        enum Kind {
            /** The program ends before it. */
            CRASH,
            /** It is refused. */
            REFUSED,
            /** It is done, and nobody says so. */
            UNANSWERED
        }
    }

    /** The program has ended. */
    private static final class Crash extends Error {
        private static final long serialVersionUID = 1;
    }

    private interface Call {
        void run(World world) throws VmmigException;
    }

    /** The hosts and the network, while one program makes one call. */
    private static final class World {
        private final @Nullable Fault fault;
        private int done;
        private boolean hit;
        private Source source;
        private @Nullable SourceState recorded;
        private Found atSource;
        private boolean sourceConnected;
        private Destination destination;
        private @Nullable DestinationState arrived;
        private Found atDestination;
        private boolean destinationConnected;
        private final Set<Message> flying;
        private boolean served;
        private boolean left;
        private Acted acted;
        private boolean looks = true;
        /** What the program takes for recorded, though it could not be. */
        private @Nullable DestinationState believed;

        World(State s, @Nullable Fault fault) {
            this.fault = fault;
            source = s.source();
            recorded = s.recorded();
            atSource = s.atSource();
            sourceConnected = s.sourceConnected();
            destination = s.destination();
            arrived = s.arrived();
            atDestination = s.atDestination();
            destinationConnected = s.destinationConnected();
            flying = new HashSet<>(s.flying());
            served = s.served();
            left = s.left();
            acted = s.acted();
        }

        State state() {
            return new State(
                    source,
                    recorded,
                    atSource,
                    sourceConnected,
                    destination,
                    arrived,
                    atDestination,
                    destinationConnected,
                    Set.copyOf(flying),
                    served,
                    left,
                    acted);
        }

        /** One thing that a call does, on a disk or to a guest. */
        void act(Runnable effect) throws VmmigException {
            boolean struck = fault != null && done++ == fault.number();
            hit |= struck;
            // A program that has ended does nothing any more, whatever it catches.
            if (hit && fault != null && fault.kind() == Fault.Kind.CRASH) {
                throw new Crash();
            }
            if (struck && fault.kind() == Fault.Kind.REFUSED) {
                throw failure(Problem.HYPERVISOR_FAILED);
            }
            effect.run();
            if (struck) {
                throw failure(Problem.HYPERVISOR_TIMEOUT);
            }
        }

        /** What cannot be written, the product's journal swallows at some steps: a recovery sees it from the guest. */
        void actIfPossible(Runnable effect) {
            try {
                act(effect);
            } catch (VmmigException e) {
                hit = true;
            }
        }

        SourceHandOver source(SourceState at) {
            return new SourceHandOver(new SourceDisk(this), new GuestAtSource(this), at);
        }

        DestinationHandOver destination() {
            return new DestinationHandOver(new DestinationDisk(this), new GuestAtDestination(this));
        }

        Optional<Interference> seen(Acted letRun, Acted ended) {
            if (!looks || (acted != letRun && acted != ended)) {
                return Optional.empty();
            }
            Interference.Kind kind = acted == letRun ? Interference.Kind.RAN : Interference.Kind.ENDED;
            return Optional.of(new Interference(kind, "somebody acted", Instant.EPOCH, GuestState.PAUSED));
        }
    }

    private static VmmigException failure(Problem problem) {
        return VmmigException.of(problem, "the model has it fail", "");
    }

    private record SourceDisk(World world) implements SourceJournal {
        @Override
        public boolean mayBeCommitted() {
            return world.recorded == SourceState.COMMITTED;
        }

        @Override
        public boolean isCopied() {
            return false;
        }

        @Override
        public boolean ran() {
            return true;
        }

        @Override
        public boolean autostart() {
            return world.recorded == SourceState.COMMITTED;
        }

        @Override
        public void saved(boolean ran) throws VmmigException {
            world.act(() -> {});
        }

        @Override
        public void commit(boolean autostart) throws VmmigException {
            world.act(() -> world.recorded = SourceState.COMMITTED);
        }

        @Override
        public void copied() {
            throw new IllegalStateException("nothing is copied");
        }

        @Override
        public void end() throws VmmigException {
            world.act(() -> world.recorded = null);
        }
    }

    private record GuestAtSource(World world) implements SourceHandOver.SourceGuest, SourceHandOver.LeftGuest {
        @Override
        public String name() {
            return "guest";
        }

        @Override
        public Found found() {
            return world.atSource;
        }

        @Override
        public void beginLive() throws VmmigException {
            world.act(() -> {});
        }

        @Override
        public boolean save() throws VmmigException {
            world.act(() -> world.atSource = Found.PAUSED);
            return true;
        }

        @Override
        public Optional<Interference> interference() {
            return world.acted == Acted.LET_RUN_AT_SOURCE || world.acted == Acted.ENDED_AT_SOURCE
                    ? world.seen(Acted.LET_RUN_AT_SOURCE, Acted.ENDED_AT_SOURCE)
                    : world.seen(Acted.LET_RUN_GIVEN_AWAY, Acted.ENDED_GIVEN_AWAY);
        }

        @Override
        public void resume() throws VmmigException {
            world.act(() -> {
                if (world.atSource == Found.PAUSED) {
                    world.atSource = Found.RUNNING;
                }
            });
        }

        @Override
        public void retire(Optional<Interference> ran) throws VmmigException {
            world.act(() -> {
                world.atSource = Found.NOTHING;
                world.left |= ran.isPresent();
            });
        }

        @Override
        public void setAutostart(boolean on) throws VmmigException {
            world.act(() -> {});
        }

        @Override
        public void alarm(Interference ran) {
            world.left = true;
        }

        @Override
        public void clearUp() {}
    }

    private record DestinationDisk(World world) implements DestinationJournal {
        @Override
        public DestinationState state() {
            DestinationState recorded = world.arrived == null ? DestinationState.OFFERED : world.arrived;
            return world.believed == null ? recorded : world.believed;
        }

        @Override
        public boolean torn() {
            return false;
        }

        @Override
        public boolean running() {
            return true;
        }

        @Override
        public boolean autostart() {
            return true;
        }

        @Override
        public void enter(DestinationState next) throws VmmigException {
            DestinationState entered = HandOverRules.entered(state(), next);
            if (entered.durable()) {
                world.act(() -> world.arrived = entered);
            } else {
                world.arrived = entered;
            }
        }

        @Override
        public void restored(boolean running, boolean autostart) throws VmmigException {
            enter(DestinationState.RESTORED);
        }

        private void recordIfPossible(DestinationState next) {
            DestinationState entered = state().then(next);
            world.believed = entered;
            world.actIfPossible(() -> world.arrived = entered);
        }

        @Override
        public void retracting() {
            recordIfPossible(DestinationState.RETRACTING);
        }

        @Override
        public void resumed() {
            recordIfPossible(DestinationState.RESUMED);
        }

        @Override
        public void discarded() {
            recordIfPossible(DestinationState.DISCARDED);
        }
    }

    private record GuestAtDestination(World world) implements DestinationHandOver.DestinationGuest {
        @Override
        public String name() {
            return "guest";
        }

        @Override
        public Optional<Interference> interference() {
            return world.seen(Acted.LET_RUN_AT_DESTINATION, Acted.ENDED_AT_DESTINATION);
        }

        @Override
        public void resume() throws VmmigException {
            if (world.atDestination == Found.NOTHING) {
                throw failure(Problem.GUEST_NOT_RUNNING);
            }
            world.act(() -> {
                world.atDestination = Found.RUNNING;
                world.served = true;
            });
        }

        @Override
        public void leavePaused() {}

        @Override
        public void setAutostart() {}

        @Override
        public void remove() throws VmmigException {
            world.act(() -> world.atDestination = Found.NOTHING);
        }

        @Override
        public void removeFiles() throws VmmigException {
            world.act(() -> {});
        }

        @Override
        public void remember(boolean taken) throws VmmigException {
            world.act(() -> {});
        }

        @Override
        public void release() {}
    }

    private final boolean powerFails;
    private final boolean keepsPromises;
    private final boolean personsAct;
    private final boolean looks;

    /**
     * @param powerFails whether a whole host may fail, with the guest that is on it, rather than only a process
     * @param keepsPromises whether a destination records that it has said no; without, the model has to find what goes wrong
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
     * @param looks whether the ends see that; without, the model has to find what goes wrong
     */
    static HandOverModel withPersons(boolean looks) {
        return new HandOverModel(false, true, true, looks);
    }

    /**
     * What may follow while nothing fails, and what may go wrong.
     *
     * @param faults whether things go wrong
     */
    private List<State> following(State s, boolean faults) {
        List<State> next = new ArrayList<>();
        addStepsOfSource(s, faults, next);
        addStepsOfDestination(s, faults, next);
        // An end that is left alone hears no more signs of life.
        if (s.sourceConnected() != s.destinationConnected()) {
            next.add(s.with(HandOverModel::disconnect));
        }
        if (faults) {
            addFaults(s, next);
        }
        return next;
    }

    List<State> steps(State s) {
        return following(s, false);
    }

    private static void disconnect(World w) {
        w.sourceConnected = false;
        w.destinationConnected = false;
    }

    private void addFaults(State s, List<State> next) {
        if (s.sourceConnected() || s.destinationConnected()) {
            next.add(s.with(w -> w.sourceConnected = false));
            next.add(s.with(w -> w.destinationConnected = false));
        }
        for (Message message : s.flying()) {
            // What is said over a connection gets lost only with it.
            if (!OF_SESSION.contains(message) || !s.sourceConnected() || !s.destinationConnected()) {
                next.add(s.with(w -> w.flying.remove(message)));
            }
        }
        next.add(s.with(HandOverModel::killSource));
        next.add(s.with(HandOverModel::killDestination));
        if (powerFails) {
            next.add(s.with(w -> {
                killSource(w);
                w.atSource = Found.NOTHING;
            }));
            next.add(s.with(w -> {
                killDestination(w);
                w.atDestination = Found.NOTHING;
            }));
        }
        if (personsAct && s.acted() == Acted.NOBODY) {
            addActs(s, next);
        }
    }

    private static void killSource(World w) {
        w.source = Source.DEAD;
        w.sourceConnected = false;
    }

    private static void killDestination(World w) {
        w.destination = Destination.DEAD;
        w.destinationConnected = false;
    }

    private static void addActs(State s, List<State> next) {
        if (s.atSource() == Found.PAUSED) {
            boolean given = s.recorded() == SourceState.COMMITTED;
            Acted letRun = given ? Acted.LET_RUN_GIVEN_AWAY : Acted.LET_RUN_AT_SOURCE;
            Acted ended = given ? Acted.ENDED_GIVEN_AWAY : Acted.ENDED_AT_SOURCE;
            // For good, and for a moment.
            next.add(s.with(w -> acts(w, letRun).atSource = Found.RUNNING));
            next.add(s.with(w -> acts(w, letRun)));
            next.add(s.with(w -> acts(w, ended).atSource = Found.NOTHING));
        }
        if (s.atDestination() == Found.PAUSED) {
            next.add(s.with(w -> acts(w, Acted.LET_RUN_AT_DESTINATION).atDestination = Found.RUNNING));
            next.add(s.with(w -> acts(w, Acted.LET_RUN_AT_DESTINATION)));
            next.add(s.with(w -> acts(w, Acted.ENDED_AT_DESTINATION).atDestination = Found.NOTHING));
        }
    }

    private static World acts(World w, Acted act) {
        w.acted = act;
        return w;
    }

    /**
     * Has a program make a call.
     *
     * @param dies what a crash of the program is
     */
    private void add(State s, boolean faults, Consumer<World> dies, Call call, List<State> next) {
        World undisturbed = run(s, null, dies, call);
        next.add(undisturbed.state());
        if (!faults) {
            return;
        }
        for (Fault.Kind kind : Fault.Kind.values()) {
            World disturbed;
            int number = 0;
            do {
                disturbed = run(s, new Fault(kind, number++), dies, call);
                next.add(disturbed.state());
            } while (disturbed.hit);
        }
    }

    private World run(State s, @Nullable Fault fault, Consumer<World> dies, Call call) {
        World world = new World(s, fault);
        world.looks = looks;
        try {
            call.run(world);
        } catch (Crash e) {
            dies.accept(world);
        } catch (VmmigException e) {
            throw new AssertionError("each call handles its failures", e);
        }
        if (world.hit && fault != null && fault.kind() == Fault.Kind.CRASH) {
            dies.accept(world);
        }
        return world;
    }

    private void addSource(State s, boolean faults, List<State> next, Call call) {
        add(s, faults, HandOverModel::killSource, call, next);
    }

    private void addDestination(State s, boolean faults, List<State> next, Call call) {
        add(s, faults, HandOverModel::killDestination, call, next);
    }

    private interface SourceCall {
        void run(SourceHandOver handOver) throws VmmigException;
    }

    /** As the source's script does it: whatever fails, the hand-over decides what becomes of the guest. */
    private static Call script(SourceState at, Source then, SourceCall call) {
        return w -> {
            SourceHandOver handOver = w.source(at);
            try {
                call.run(handOver);
                w.source = then;
            } catch (VmmigException | RuntimeException e) {
                handOver.failed(e);
                w.sourceConnected = false;
                w.source = Source.DONE;
            }
            // What the program could not finish is left to a recovery.
            if (w.source == Source.DONE && w.recorded != null) {
                w.source = Source.DEAD;
            }
        };
    }

    private static void fail(SourceHandOver handOver) throws VmmigException {
        throw failure(Problem.CONNECTION_LOST);
    }

    private void addStepsOfSource(State s, boolean faults, List<State> next) {
        switch (s.source()) {
            case BEGINS ->
                next.add(s.with(w -> {
                    w.recorded = SourceState.PREPARED;
                    w.source = Source.PREPARED;
                }));
            case PREPARED -> {
                addSource(s, faults, next, script(SourceState.PREPARED, Source.SAVED, SourceHandOver::save));
                addSource(s, faults, next, script(SourceState.PREPARED, Source.LIVE, SourceHandOver::beginLive));
            }
            case LIVE -> {
                // The hypervisor has sent what changed, and pauses the guest by itself.
                next.add(s.with(w -> w.atSource = Found.PAUSED));
                addSource(s, faults, next, script(SourceState.LIVE, Source.SAVED, SourceHandOver::save));
                if (!s.sourceConnected() || s.heardBySource(Message.REFUSED)) {
                    addSource(s, faults, next, script(SourceState.LIVE, Source.DONE, HandOverModel::fail));
                }
            }
            case SAVED -> {
                if (s.heardBySource(Message.RESTORED)) {
                    Call commit = script(SourceState.SAVED, Source.COMMIT_SENT, handOver -> {
                        handOver.sent();
                        handOver.commit(true);
                    });
                    addSource(s, faults, next, w -> {
                        commit.run(w);
                        if (w.source == Source.COMMIT_SENT) {
                            w.flying.add(Message.COMMIT);
                        }
                    });
                }
                if (!s.sourceConnected() || s.heardBySource(Message.REFUSED)) {
                    addSource(s, faults, next, script(SourceState.SAVED, Source.DONE, HandOverModel::fail));
                }
            }
            case COMMIT_SENT -> {
                if (s.heardBySource(Message.RESUMED)) {
                    addSource(s, faults, next, resolve(Outcome.TAKEN));
                }
                if (s.heardBySource(Message.REFUSED)) {
                    addSource(s, faults, next, script(SourceState.COMMITTED, Source.DONE, HandOverModel::fail));
                }
                if (faults) {
                    // A bug of the program or of its transport, while the destination may have heard of it.
                    addSource(s, true, next, script(SourceState.COMMITTED, Source.DONE, handOver -> {
                        throw new IllegalStateException("the model has it fail");
                    }));
                }
                if (!s.sourceConnected()) {
                    next.add(s.with(w -> {
                        w.flying.add(Message.QUESTION);
                        w.source = Source.ASKING;
                    }));
                }
            }
            case ASKING -> {
                addQuestion(s, next);
                for (Outcome outcome : answers(s)) {
                    addSource(s, faults, next, resolve(outcome));
                }
                // It asks for a limited time.
                addSource(s, faults, next, resolve(Outcome.UNDER_WAY));
            }
            case DONE -> {
                // Nothing more to do.
            }
            case DEAD -> {
                if (s.recorded() == SourceState.PREPARED) {
                    addSource(s, faults, next, recover(Outcome.NOT_TAKEN));
                } else if (s.recorded() == SourceState.COMMITTED) {
                    next.add(s.with(w -> {
                        w.flying.add(Message.QUESTION);
                        w.source = Source.RECOVERING;
                    }));
                }
            }
            case RECOVERING -> {
                addQuestion(s, next);
                for (Outcome outcome : answers(s)) {
                    addSource(s, faults, next, recover(outcome));
                }
            }
        }
    }

    /** A question may be asked again. */
    private static void addQuestion(State s, List<State> next) {
        if (!s.flying().contains(Message.QUESTION)) {
            next.add(s.with(w -> w.flying.add(Message.QUESTION)));
        }
    }

    /** An answer may be heard late, and more than once. */
    private static List<Outcome> answers(State s) {
        return List.of(Outcome.values()).stream()
                .filter(outcome -> s.flying().contains(Message.valueOf(outcome.name())))
                .toList();
    }

    private static Call resolve(Outcome outcome) {
        return script(
                SourceState.COMMITTED,
                Source.DONE,
                handOver -> handOver.resolve(outcome, failure(Problem.OUTCOME_UNKNOWN)));
    }

    private static Call recover(Outcome outcome) {
        return w -> {
            try {
                boolean ran = w.acted == Acted.LET_RUN_AT_SOURCE || w.acted == Acted.LET_RUN_GIVEN_AWAY;
                Step step = SourceHandOver.recover(new SourceDisk(w), new GuestAtSource(w), outcome, w.atSource, ran);
                w.left |= step == Step.LEAVE && outcome != Outcome.UNDER_WAY;
                w.source = step == Step.LEAVE ? Source.RECOVERING : Source.DONE;
            } catch (VmmigException e) {
                w.source = Source.DEAD;
            }
        };
    }

    private interface DestinationCall {
        void run(DestinationHandOver handOver) throws VmmigException;
    }

    /** As the destination's script does it. */
    private static Call script(Destination then, DestinationCall call) {
        return w -> {
            DestinationHandOver handOver = w.destination();
            try {
                call.run(handOver);
                w.destination = then;
            } catch (VmmigException | RuntimeException e) {
                handOver.failed(e);
                if (!handOver.mayRunHere() && !handOver.leftToRecovery()) {
                    w.flying.add(Message.REFUSED);
                }
                w.destination = Destination.DONE;
            }
            // What the program could not finish is left to a recovery.
            boolean resolved = w.arrived == DestinationState.RESUMED || w.arrived == DestinationState.DISCARDED;
            if (w.destination == Destination.DONE && !resolved) {
                w.destination = Destination.DEAD;
                w.destinationConnected = false;
            }
        };
    }

    private void addStepsOfDestination(State s, boolean faults, List<State> next) {
        switch (s.destination()) {
            case IDLE -> {
                boolean offered = s.source() == Source.LIVE || s.source() == Source.SAVED;
                if (offered && s.destinationConnected()) {
                    next.add(s.with(w -> {
                        w.arrived = DestinationState.OFFERED;
                        w.destination = Destination.OFFERED;
                    }));
                }
            }
            case OFFERED ->
                next.add(s.with(w -> {
                    w.atDestination = Found.PAUSED;
                    w.destination = Destination.RESTORED;
                }));
            case RESTORED ->
                addDestination(s, faults, next, w -> {
                    script(Destination.WAITING, handOver -> {
                                handOver.received();
                                handOver.verified();
                                handOver.restored(true, true);
                            })
                            .run(w);
                    if (w.destination == Destination.WAITING) {
                        w.flying.add(Message.RESTORED);
                    }
                });
            case WAITING -> {
                if (s.destinationConnected() && s.flying().contains(Message.COMMIT)) {
                    addDestination(s, faults, next, script(Destination.COMMITTED, DestinationHandOver::committed));
                }
                if (!s.destinationConnected() || faults) {
                    addDestination(s, faults, next, script(Destination.DONE, handOver -> {
                        throw failure(Problem.CONNECTION_LOST);
                    }));
                }
            }
            case COMMITTED ->
                addDestination(s, faults, next, w -> {
                    script(Destination.DONE, DestinationHandOver::resume).run(w);
                    if (w.arrived == DestinationState.RESUMED) {
                        w.flying.add(Message.RESUMED);
                    }
                });
            case DONE -> {
                // Nothing more to do but to answer.
            }
            case DEAD -> {
                if (s.arrived() != null) {
                    addDestination(s, faults, next, HandOverModel::recoverDestination);
                }
            }
        }
        // Also by a program that has not recovered yet.
        if (s.flying().contains(Message.QUESTION)) {
            addDestination(s, false, next, this::answer);
        }
    }

    private static void recoverDestination(World w) {
        try {
            Step step = DestinationHandOver.recover(new DestinationDisk(w), new GuestAtDestination(w), w.atDestination);
            w.left |= step == Step.LEAVE;
            boolean resolved = w.arrived == DestinationState.RESUMED || w.arrived == DestinationState.DISCARDED;
            w.destination = resolved || step == Step.LEAVE ? Destination.DONE : Destination.DEAD;
        } catch (VmmigException e) {
            w.destination = Destination.DEAD;
        }
    }

    private void answer(World w) throws VmmigException {
        w.flying.remove(Message.QUESTION);
        if (w.arrived == null) {
            w.flying.add(Message.UNHEARD_OF);
            return;
        }
        DestinationState before = w.arrived;
        w.flying.add(Message.valueOf(
                DestinationHandOver.answer(new DestinationDisk(w)).name()));
        if (!keepsPromises && w.arrived == DestinationState.ABANDONED) {
            w.arrived = before;
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
            for (State follower : following(state, true)) {
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
