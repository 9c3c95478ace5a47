// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Lab;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Tries cells, some at a time, each lane of them on hosts of its own. */
public final class Matrix {
    private static final int SECONDS_PER_CELL = 90;
    private static final int SECONDS_PER_LONG_CELL = 150;
    private static final int SECONDS_TO_START = 120;

    private final Lab lab;
    private final Limits limits;
    private final long seed;
    private final int lanes;
    private final PrintStream out;
    private final Deque<Cell> waiting = new ConcurrentLinkedDeque<>();
    private final List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger laneNumber = new AtomicInteger();
    private int total;

    Matrix(Lab lab, Limits limits, long seed, int lanes, PrintStream out) {
        this.lab = lab;
        this.limits = limits;
        this.seed = seed;
        this.lanes = lanes;
        this.out = out;
    }

    /**
     * How a cell went.
     *
     * @param ending null when it came to none
     * @param wrong what was wrong; empty if nothing was
     */
    public record Outcome(Cell cell, @Nullable Ending ending, List<String> wrong, double seconds) {
        /** Whether it went as it should. */
        public boolean green() {
            return ending != null && wrong.isEmpty();
        }

        @Override
        public String toString() {
            String how = ending == null ? "" : ending.word();
            return green() ? cell + ": " + how : cell + ": " + how + " RED " + wrong;
        }
    }

    /** The sample that the tests try each time. That the next migration works, the next cell shows. */
    public static List<Outcome> sample(Lab lab, long seed, PrintStream out) {
        return new Matrix(lab, Limits.sample(), seed, 2, out).run(Sample.cells());
    }

    /** Tries all of these. */
    List<Outcome> run(List<Cell> cells) {
        List<Cell> order = new ArrayList<>(cells);
        Collections.shuffle(order, new Random(seed));
        // What waits most comes first in every other lane, beside what works most.
        order.sort(Comparator.comparing(Matrix::turn));
        waiting.addAll(order);
        total = order.size();
        out.printf("%d cells on %d pairs of hosts, seed %d%n", total, lanes, seed);
        long start = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < lanes; i++) {
            boolean fromTheFront = i % 2 == 0;
            Thread thread = new Thread(() -> runLane(fromTheFront), "lane-" + i);
            threads.add(thread);
            thread.start();
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
        List<Outcome> red =
                outcomes.stream().filter(outcome -> !outcome.green()).toList();
        out.printf(
                "%n%d cells in %d s, %d of them red; seed %d%n",
                outcomes.size(), TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start), red.size(), seed);
        red.forEach(outcome -> out.println("  " + outcome.cell()));
        return List.copyOf(outcomes);
    }

    private static int turn(Cell cell) {
        return switch (cell.fault()) {
            case CUT_FOR_A_MINUTE -> 0;
            default -> 1;
        };
    }

    private @Nullable Cell next(boolean fromTheFront) {
        return fromTheFront ? waiting.pollFirst() : waiting.pollLast();
    }

    private void runLane(boolean fromTheFront) {
        Lane lane = null;
        try {
            for (Cell cell = next(fromTheFront); cell != null && !lab.closing(); cell = next(fromTheFront)) {
                Outcome outcome;
                try {
                    lane = lane == null ? Deadline.within(SECONDS_TO_START, this::openLane) : lane;
                    outcome = outcomeOf(cell, lane);
                } catch (LabException e) {
                    outcome = new Outcome(cell, null, List.of(Deadline.whole(e)), 0);
                }
                tell(outcome);
                if (!outcome.green() && lane != null) {
                    close(lane);
                    lane = null;
                }
            }
        } finally {
            if (lane != null) {
                close(lane);
            }
        }
    }

    private Outcome outcomeOf(Cell cell, Lane lane) {
        long begun = System.nanoTime();
        boolean last = limits.moveAfterEach() || waiting.isEmpty();
        try {
            Lane.Result result = Deadline.within(seconds(cell), () -> last ? lane.run(cell) : lane.fail(cell));
            return new Outcome(cell, result.ending(), result.wrong(), since(begun));
        } catch (LabException e) {
            return new Outcome(cell, null, List.of(Deadline.whole(e)), since(begun));
        }
    }

    private Lane openLane() {
        int number = laneNumber.incrementAndGet();
        return new Lane(lab, "h" + number, limits, new Random(seed + number));
    }

    static int seconds(Cell cell) {
        return cell.fault() == Fault.CUT_FOR_A_MINUTE ? SECONDS_PER_LONG_CELL : SECONDS_PER_CELL;
    }

    private static double since(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    private void close(Lane lane) {
        try {
            lane.close();
        } catch (RuntimeException e) {
            out.println("could not clear up after a lane: " + Deadline.whole(e));
        }
    }

    private synchronized void tell(Outcome outcome) {
        outcomes.add(outcome);
        out.printf(Locale.ROOT, "%3d/%d %5.1f s  %s%n", outcomes.size(), total, outcome.seconds(), outcome);
    }
}
