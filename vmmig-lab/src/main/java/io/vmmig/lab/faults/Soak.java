// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.SendProfile;
import io.vmmig.lab.matrix.Deadline;
import io.vmmig.lab.matrix.Worker;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Moves one guest back and forth, many times; one move in three has a random fault, or all of them are live and have none. */
public final class Soak {
    private static final int MOVES = 300;
    private static final int LIVE_MOVES = 50;
    private static final int ONE_IN = 3;
    private static final int SECONDS_PER_MOVE = 300;
    private static final int SECONDS_TO_START = 120;

    private final Lab lab;
    private final PrintStream out;
    private final Random random;
    private final long seed;
    private final SendProfile profile;
    private int pairs;
    private int faults;
    private int red;

    private Soak(Lab lab, PrintStream out, long seed, SendProfile profile) {
        this.lab = lab;
        this.out = out;
        this.seed = seed;
        this.random = new Random(seed);
        this.profile = profile;
    }

    /**
     * Takes {@code --moves NUMBER}, {@code --seed NUMBER}, and {@code --live}. Exits with 1 if anything was lost or left over, with
     * 2 if it could not run.
     */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        int status;
        try {
            List<String> words = new ArrayList<>(List.of(arguments));
            SendProfile profile = words.remove("--live") ? SendProfile.LIVE : SendProfile.DEFAULT;
            int moves = profile == SendProfile.LIVE ? LIVE_MOVES : MOVES;
            long seed = new Random().nextInt(1_000_000);
            for (int i = 0; i < words.size(); i += 2) {
                long number = Long.parseLong(i + 1 < words.size() ? words.get(i + 1) : "");
                switch (words.get(i)) {
                    case "--moves" -> moves = Math.toIntExact(number);
                    case "--seed" -> seed = number;
                    default -> throw new IllegalArgumentException("unknown argument " + words.get(i));
                }
            }
            try (Lab lab = Lab.open()) {
                status = new Soak(lab, out, seed, profile).run(moves) ? 0 : 1;
            }
        } catch (LabException | IllegalArgumentException e) {
            System.err.println("soak: " + Deadline.whole(e));
            status = 2;
        }
        System.exit(status);
    }

    private boolean run(int moves) {
        out.printf("%d moves, seed %d%n", moves, seed);
        long start = System.nanoTime();
        List<Cell> cells = Cell.all().stream().filter(cell -> !cell.isLive()).toList();
        @Nullable FaultWorker worker = null;
        try {
            for (int i = 1; i <= moves && !lab.closing(); i++) {
                // Always drawn, so that a seed determines all moves.
                boolean fails = random.nextInt(ONE_IN) == 0 && profile != SendProfile.LIVE;
                Cell cell = cells.get(random.nextInt(cells.size()));
                if (worker == null) {
                    worker = Deadline.within(SECONDS_TO_START, this::open);
                }
                if (!move(i, worker, fails ? cell : null)) {
                    red++;
                    worker.close();
                    worker = null;
                }
            }
        } finally {
            if (worker != null) {
                worker.close();
            }
        }
        out.printf(
                "%n%d moves in %d s, %d of them with a fault, %d red; seed %d%n",
                moves, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start), faults, red, seed);
        return red == 0;
    }

    private FaultWorker open() {
        pairs++;
        return new FaultWorker(
                lab,
                "s" + pairs,
                Limits.sample(),
                new Random(seed),
                profile,
                profile == SendProfile.LIVE ? "vmmig.burst=16" : "");
    }

    private boolean move(int number, FaultWorker worker, @Nullable Cell cell) {
        long begun = System.nanoTime();
        String what = cell == null ? "as planned" : cell.toString();
        faults += cell == null ? 0 : 1;
        String how;
        boolean green;
        try {
            Worker.Result result = Deadline.within(
                    SECONDS_PER_MOVE,
                    () -> cell == null
                            ? new Worker.Result(FaultOutcome.COMPLETED.word(), worker.move())
                            : worker.fail(cell));
            green = result.wrong().isEmpty();
            how = result.outcome() + (green ? "" : " RED " + result.wrong());
        } catch (LabException e) {
            green = false;
            how = "RED " + Deadline.whole(e);
        }
        out.printf(Locale.ROOT, "%3d %5.1f s  %s: %s%n", number, (System.nanoTime() - begun) / 1e9, what, how);
        return green;
    }
}
