// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

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

/**
 * Tries cells, some at a time, each lane of them on hosts of its own.
 *
 * @param <C> the cells
 */
public final class Matrix<C> {
    private static final int SECONDS_TO_START = 120;

    private final Lab lab;
    private final Kind<C> kind;
    private final Selection<C> chosen;
    private final PrintStream out;
    private final Deque<C> waiting = new ConcurrentLinkedDeque<>();
    private final List<Outcome<C>> outcomes = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger laneNumber = new AtomicInteger();
    private int total;

    /** @param chosen which cells, in which order, and on how many lanes */
    public Matrix(Lab lab, Kind<C> kind, Selection<C> chosen, PrintStream out) {
        this.lab = lab;
        this.kind = kind;
        this.chosen = chosen;
        this.out = out;
    }

    /**
     * What its cells are.
     *
     * @param <C> the cells
     */
    public interface Kind<C> {
        /** Makes ready what a lane needs. */
        Lane<C> open(Lab lab, String name, Random random);

        /** How long a cell may take. */
        int secondsFor(C cell);

        /** Whether it spends most of its time waiting, so that it is best tried beside one that does not. */
        boolean waits(C cell);
    }

    /**
     * How a cell went.
     *
     * @param ending in a word; null when it came to no end
     * @param wrong what was wrong; empty if nothing was
     * @param <C> the cells
     */
    public record Outcome<C>(C cell, @Nullable String ending, List<String> wrong, double seconds) {
        /** Whether it went as it should. */
        public boolean green() {
            return ending != null && wrong.isEmpty();
        }

        @Override
        public String toString() {
            String how = ending == null ? "" : ending;
            return green() ? cell + ": " + how : cell + ": " + how + " RED " + wrong;
        }
    }

    /** Tries them all. */
    public List<Outcome<C>> run() {
        if (chosen.cells().isEmpty()) {
            return List.of();
        }
        List<C> order = new ArrayList<>(chosen.cells());
        Collections.shuffle(order, new Random(chosen.seed()));
        // What waits most comes first in every other lane, beside what works most.
        order.sort(Comparator.comparing(cell -> kind.waits(cell) ? 0 : 1));
        waiting.addAll(order);
        total = order.size();
        int lanes = Math.min(chosen.lanes(), total);
        out.printf("%d cells on %d sets of hosts, seed %d%n", total, lanes, chosen.seed());
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
        List<Outcome<C>> red =
                outcomes.stream().filter(outcome -> !outcome.green()).toList();
        out.printf(
                "%n%d cells in %d s, %d of them red; seed %d%n",
                outcomes.size(), TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start), red.size(), chosen.seed());
        red.forEach(outcome -> out.println("  " + outcome.cell()));
        return List.copyOf(outcomes);
    }

    private @Nullable C next(boolean fromTheFront) {
        return fromTheFront ? waiting.pollFirst() : waiting.pollLast();
    }

    private void runLane(boolean fromTheFront) {
        Lane<C> lane = null;
        try {
            for (C cell = next(fromTheFront); cell != null && !lab.closing(); cell = next(fromTheFront)) {
                Outcome<C> outcome;
                try {
                    lane = lane == null ? Deadline.within(SECONDS_TO_START, this::openLane) : lane;
                    outcome = outcomeOf(cell, lane);
                } catch (LabException e) {
                    outcome = new Outcome<>(cell, null, List.of(Deadline.whole(e)), 0);
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

    private Outcome<C> outcomeOf(C cell, Lane<C> lane) {
        long begun = System.nanoTime();
        boolean last = waiting.isEmpty();
        try {
            Lane.Result result = Deadline.within(kind.secondsFor(cell), () -> lane.run(cell, last));
            return new Outcome<>(cell, result.ending(), result.wrong(), since(begun));
        } catch (LabException e) {
            return new Outcome<>(cell, null, List.of(Deadline.whole(e)), since(begun));
        }
    }

    private Lane<C> openLane() {
        int number = laneNumber.incrementAndGet();
        return kind.open(lab, "h" + number, new Random(chosen.seed() + number));
    }

    private static double since(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    private void close(Lane<C> lane) {
        try {
            lane.close();
        } catch (RuntimeException e) {
            out.println("could not clear up after a lane: " + Deadline.whole(e));
        }
    }

    private synchronized void tell(Outcome<C> outcome) {
        outcomes.add(outcome);
        out.printf(Locale.ROOT, "%3d/%d %5.1f s  %s%n", outcomes.size(), total, outcome.seconds(), outcome);
    }
}
