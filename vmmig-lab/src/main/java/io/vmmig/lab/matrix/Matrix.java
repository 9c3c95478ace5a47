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
 * Runs the cells of a matrix with several workers, each with its own hosts.
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
    private final AtomicInteger workerNumber = new AtomicInteger();
    private int total;

    /** @param chosen which cells, in which order, and with how many workers */
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
        /** Prepares a worker. */
        Worker<C> open(Lab lab, String name, Random random);

        /** How long a cell may take. */
        int secondsFor(C cell);

        /** Whether the cell mostly waits, so that it is best run beside one that does not. */
        boolean waits(C cell);
    }

    /**
     * How a cell went.
     *
     * @param outcome in a word; null if it did not finish
     * @param wrong what was wrong; empty if nothing was
     * @param <C> the cells
     */
    public record Outcome<C>(C cell, @Nullable String outcome, List<String> wrong, double seconds) {
        /** Whether nothing was wrong. */
        public boolean green() {
            return outcome != null && wrong.isEmpty();
        }

        @Override
        public String toString() {
            String how = outcome == null ? "" : outcome;
            return green() ? cell + ": " + how : cell + ": " + how + " RED " + wrong;
        }
    }

    /** Runs all chosen cells. */
    public List<Outcome<C>> run() {
        if (chosen.cells().isEmpty()) {
            return List.of();
        }
        List<C> order = new ArrayList<>(chosen.cells());
        Collections.shuffle(order, new Random(chosen.seed()));
        // Every other worker starts with the cells that wait, beside those that compute.
        order.sort(Comparator.comparing(cell -> kind.waits(cell) ? 0 : 1));
        waiting.addAll(order);
        total = order.size();
        int workers = Math.min(chosen.workers(), total);
        out.printf("%d cells on %d sets of hosts, seed %d%n", total, workers, chosen.seed());
        long start = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            boolean fromTheFront = i % 2 == 0;
            Thread thread = new Thread(() -> work(fromTheFront), "worker-" + i);
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

    private void work(boolean fromTheFront) {
        Worker<C> worker = null;
        try {
            for (C cell = next(fromTheFront); cell != null && !lab.closing(); cell = next(fromTheFront)) {
                Outcome<C> outcome;
                try {
                    worker = worker == null ? Deadline.within(SECONDS_TO_START, this::openWorker) : worker;
                    outcome = outcomeOf(cell, worker);
                } catch (LabException e) {
                    outcome = new Outcome<>(cell, null, List.of(Deadline.whole(e)), 0);
                }
                tell(outcome);
                if (!outcome.green() && worker != null) {
                    close(worker);
                    worker = null;
                }
            }
        } finally {
            if (worker != null) {
                close(worker);
            }
        }
    }

    private Outcome<C> outcomeOf(C cell, Worker<C> worker) {
        long begun = System.nanoTime();
        boolean last = waiting.isEmpty();
        try {
            Worker.Result result = Deadline.within(kind.secondsFor(cell), () -> worker.run(cell, last));
            return new Outcome<>(cell, result.outcome(), result.wrong(), since(begun));
        } catch (LabException e) {
            return new Outcome<>(cell, null, List.of(Deadline.whole(e)), since(begun));
        }
    }

    private Worker<C> openWorker() {
        int number = workerNumber.incrementAndGet();
        return kind.open(lab, "h" + number, new Random(chosen.seed() + number));
    }

    private static double since(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    private void close(Worker<C> worker) {
        try {
            worker.close();
        } catch (RuntimeException e) {
            out.println("could not clean up after a worker: " + Deadline.whole(e));
        }
    }

    private synchronized void tell(Outcome<C> outcome) {
        outcomes.add(outcome);
        out.printf(Locale.ROOT, "%3d/%d %5.1f s  %s%n", outcomes.size(), total, outcome.seconds(), outcome);
    }
}
