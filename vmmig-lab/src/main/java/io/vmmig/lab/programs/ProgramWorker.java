// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.programs;

import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.VmmigException;
import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.matrix.InvariantChecker;
import io.vmmig.lab.matrix.Worker;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Two hosts, and a guest that the programs move back and forth. For one thread. */
final class ProgramWorker implements Worker<ProgramCell> {
    private static final String GUEST = "traveller";
    private static final String COPY = "copy";
    private static final Duration TIME_TO_END = Duration.ofSeconds(80);
    private static final Duration TIME_TO_LISTEN = Duration.ofSeconds(30);
    private static final int STARTS = 3;

    private final LabHost a;
    private final LabHost b;
    private final Path directory;
    private final String sum;
    private LabGuest guest;
    private int runs;
    /** What the programs of a cell have printed. */
    private String said = "";

    ProgramWorker(Lab lab, String name) {
        a = start(lab, name + "a");
        b = start(lab, name + "b");
        directory = lab.directory().resolve(name);
        try {
            Files.createDirectories(directory);
            introduce(a, b);
            introduce(b, a);
        } catch (IOException | VmmigException e) {
            throw new LabException("the hosts do not know each other", e);
        }
        Path file = a.homeOf(GUEST).resolve("a.qcow2");
        LabDomain domain = LabDomain.of(GuestKind.TINY_X86_64.image(), GUEST)
                .memoryMib(128)
                .parameter("vmmig.memory=4")
                .disk(LabDisk.overlay(file, GuestKind.TINY_X86_64.image().qcow2(), "qcow2"))
                .kept();
        guest = a.start(domain).ready();
        sum = guest.memorySum();
    }

    private static LabHost start(Lab lab, String name) {
        LabHost host = lab.libvirtd(name, List.of("-XX:TieredStopAtLevel=1", "-Xmx256m"), where -> Map.of());
        GuestKind.Image image = GuestKind.TINY_X86_64.image();
        host.addImage(image.qcow2(), "qcow2");
        host.addBootFiles(image);
        return host;
    }

    private void introduce(LabHost host, LabHost other) throws VmmigException {
        NodeStore.in(nodes(host)).add(NodeCard.parse(other.card()));
    }

    private Path nodes(LabHost host) {
        return directory.resolve("nodes-" + host);
    }

    private LabHost other() {
        return guest.host() == a ? b : a;
    }

    @Override
    public Result run(ProgramCell cell, boolean last) {
        said = "";
        List<String> wrong = new ArrayList<>();
        String outcome =
                switch (cell.program()) {
                    case MIGRATE -> migrate(cell.step(), wrong);
                    case RECEIVE -> receive(cell.step(), wrong);
                    case SAVE -> save(cell.step(), wrong);
                    case CANCEL -> cancel(cell.step(), wrong);
                    case RESTORE -> restore(cell.step(), wrong);
                };
        for (LabHost host : List.of(a, b)) {
            // Removes what the last program was building when it ended; there must be nothing else to recover.
            host.recover(host == a ? b : a).forEach(resolved -> wrong.add("left to " + host + ": " + resolved));
            wrong.addAll(InvariantChecker.leftovers(host, GUEST, host == guest.host()));
        }
        if (!wrong.isEmpty()) {
            wrong.add("(" + said + ")");
        }
        return new Result(outcome, wrong);
    }

    private Path output() {
        runs++;
        return directory.resolve("output-" + runs);
    }

    // ---- programs that move

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new LabException("no port is free", e);
        }
    }

    private String[] migrateArguments(int port) {
        LabHost from = guest.host();
        return new String[] {
            from.uri(),
            GUEST,
            "lab",
            "127.0.0.1",
            Integer.toString(port),
            from.identityDirectory().toString(),
            nodes(from).toString(),
            from.stateDirectory().toString()
        };
    }

    private String migrate(Step step, List<String> wrong) {
        Trees.delete(other().guestsDirectory().resolve(GUEST));
        int port = freePort();
        try (Door door = new Door(output(), Door.arguments(other(), port, nodes(other())))) {
            Run.killAt(step, Program.MIGRATE, output(), migrateArguments(door.port()));
            return again(door.port(), wrong);
        }
    }

    private String receive(Step step, List<String> wrong) {
        Trees.delete(other().guestsDirectory().resolve(GUEST));
        int port = freePort();
        Path output = output();
        String[] arguments = Door.arguments(other(), port, nodes(other()));
        FutureTask<Void> killing = new FutureTask<>(() -> Run.killAt(step, Program.RECEIVE, output, arguments), null);
        Thread thread = new Thread(killing, "killing");
        thread.setDaemon(true);
        thread.start();
        Await.until(
                "Receive to listen",
                TIME_TO_LISTEN,
                () -> Files.exists(output) && Files.readString(output).contains("listening"));
        try (Run migrate = Run.start(Program.MIGRATE, output(), migrateArguments(port))) {
            finish(killing);
            try (Door door = new Door(output(), arguments)) {
                if (!migrate.endsWithin(TIME_TO_END)) {
                    wrong.add("MigrateOverTls does not end: " + migrate.said());
                }
                return again(door.port(), wrong);
            }
        }
    }

    private static void finish(FutureTask<Void> killing) {
        try {
            killing.get();
        } catch (ExecutionException e) {
            throw new LabException("Receive was not killed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    /** The source's program is started again, until the guest has moved. */
    private String again(int port, List<String> wrong) {
        byte[] before = guest.console().bytes();
        LabHost from = guest.host();
        LabHost to = other();
        for (int start = 1; start <= STARTS; start++) {
            try (Run run = Run.start(Program.MIGRATE, output(), migrateArguments(port))) {
                if (!run.endsWithin(TIME_TO_END)) {
                    wrong.add("MigrateOverTls does not end: " + run.said());
                    return "no end";
                }
                said += " | " + run.said();
            }
            if (!from.guests().contains(GUEST) && to.guests().contains(GUEST) && resolved(from)) {
                byte[] after = guest.console().bytes();
                to.awaitState(GUEST, "RUNNING");
                guest = to.adopt(GUEST);
                wrong.addAll(InvariantChecker.lossesOf(
                        guest, Optional.of(after.length >= before.length ? after : before), sum, true));
                return start == 1 ? "moved" : "moved, at the " + start + ". start";
            }
        }
        wrong.add("it was not moved");
        return "not moved";
    }

    /** Unless the peer could not be asked, because Receive was just starting. */
    private static boolean resolved(LabHost host) {
        return Trees.list(host.stateDirectory().resolve("departures")).isEmpty();
    }

    // ---- programs that pack and unpack

    private String save(Step step, List<String> wrong) {
        Path file = directory.resolve("package-" + runs);
        String[] arguments = saveArguments(file);
        Run.killAt(step, Program.SAVE, output(), arguments);
        endWell(Program.SAVE, arguments, wrong);
        if (!Files.isRegularFile(file)) {
            wrong.add("there is no package");
        }
        judgeGuest(wrong);
        Trees.delete(file);
        return "packed";
    }

    private String[] saveArguments(Path file) {
        LabHost host = guest.host();
        return new String[] {
            host.uri(),
            GUEST,
            file.toString(),
            host.identityDirectory().toString(),
            host.stateDirectory().toString()
        };
    }

    private String cancel(Step step, List<String> wrong) {
        LabHost host = guest.host();
        Path file = directory.resolve("cancelled-" + runs);
        String[] arguments = {
            host.uri(), GUEST, file.toString(), host.stateDirectory().toString()
        };
        Run.killAt(step, Program.CANCEL, output(), arguments);
        endWell(Program.CANCEL, arguments, wrong);
        judgeGuest(wrong);
        Trees.delete(file);
        return "cancelled";
    }

    private String restore(Step step, List<String> wrong) {
        Path file = directory.resolve("package-" + runs);
        endWell(Program.SAVE, saveArguments(file), wrong);
        LabHost host = guest.host();
        String[] arguments = {
            host.uri(),
            file.toString(),
            COPY,
            host.guestsDirectory().toString(),
            host.stateDirectory().toString(),
            host.identityDirectory().toString()
        };
        Run.killAt(step, Program.RESTORE, output(), arguments);
        restoreAgain(arguments, wrong);
        if (host.guests().contains(COPY)) {
            host.adopt(COPY).ticking();
        } else {
            wrong.add("there is no copy");
        }
        host.remove(COPY);
        Trees.delete(file);
        judgeGuest(wrong);
        return "restored";
    }

    /** Recovery finishes a copy that was committed when the program was killed; there cannot be a second one. */
    private void restoreAgain(String[] arguments, List<String> wrong) {
        try (Run run = Run.start(Program.RESTORE, output(), arguments)) {
            boolean over = run.endsWithin(TIME_TO_END);
            boolean finishedByRecovery = run.said().contains("NAME_IN_USE")
                    && guest.host().stateOf(COPY).equals("RUNNING");
            if (!over || !run.endedWell() && !finishedByRecovery) {
                wrong.add(Program.RESTORE + " did not end well: " + run.said());
            }
        }
    }

    private void endWell(Program program, String[] arguments, List<String> wrong) {
        try (Run run = Run.start(program, output(), arguments)) {
            if (!run.endsWithin(TIME_TO_END) || !run.endedWell()) {
                wrong.add(program + " did not end well: " + run.said());
            }
        }
    }

    private void judgeGuest(List<String> wrong) {
        if (!guest.host().stateOf(GUEST).equals("RUNNING")) {
            wrong.add("the guest is " + guest.host().stateOf(GUEST));
            return;
        }
        wrong.addAll(InvariantChecker.lossesOf(guest, Optional.empty(), sum, true));
    }

    @Override
    public void close() {
        a.close();
        b.close();
        Trees.delete(directory);
    }
}
