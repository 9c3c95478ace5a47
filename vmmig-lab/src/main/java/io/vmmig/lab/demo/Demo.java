// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.demo;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.lab.Checkout;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Units;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.MoveScenario;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;

/** Moves a guest from host to host, and proves that it lost nothing. */
public final class Demo {
    private static final String GUEST = "demo";
    /** MiB of known content. */
    private static final String MEMORY = "vmmig.memory=16";

    private static final int LINES_SHOWN = 3;
    private static final int KEY_SHOWN = 19;

    private final PrintStream out;
    private final boolean terminal;
    private final List<MoveResult> results = new ArrayList<>();

    private Demo(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Takes the directory for the reports. Ends with 1 if anything was lost, and with 2 if the demo could not run. */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Demo demo = new Demo(out, Boolean.getBoolean("vmmig.demo.terminal"));
        int status;
        try (Lab lab = Lab.open()) {
            demo.run(lab);
            status = demo.conclude(Path.of(args[0]));
        } catch (LabException | MoveFailed e) {
            System.err.println("demo: " + e.getMessage());
            status = 2;
        }
        System.exit(status);
    }

    private void run(Lab lab) {
        GuestKind.Image image = GuestKind.TINY_X86_64.image();
        out.println("Two hosts on this machine, each a JVM of its own with libvirt's embedded QEMU driver, no daemon:");
        LabHost a = host(lab, "a", image);
        LabHost b = host(lab, "b", image);
        LabGuest guest = start(a, image);
        Path file = lab.directory().resolve("demo.vmmig");
        guest = move("a → b over TLS", guest, (scenario, g) -> scenario.overTls(g, b));
        guest = move("b → a over TLS", guest, (scenario, g) -> scenario.overTls(g, a));
        move("a → a file → b", guest, (scenario, g) -> scenario.throughFile(g, b, file));
    }

    private LabHost host(Lab lab, String name, GuestKind.Image image) {
        LabHost host = lab.embedded(name);
        // Both hosts hold these, so they need not be sent: the disk's base image, the kernel and its ramdisk.
        host.addImage(image.qcow2(), "qcow2");
        host.addBootFiles(image);
        out.printf(
                "  host %s: %s, key %s…%n",
                name, host.versions(), host.fingerprint().substring(0, KEY_SHOWN));
        return host;
    }

    private LabGuest start(LabHost host, GuestKind.Image image) {
        out.printf(
                "%nStarting a guest of 256 MB on host %s, with a disk over the base image that both hosts hold%n",
                host);
        long start = System.nanoTime();
        LabDisk disk = LabDisk.overlay(host.homeOf(GUEST).resolve("disk.qcow2"), image.qcow2(), "qcow2");
        LabGuest guest = host.start(LabDomain.of(image, GUEST).parameter(MEMORY).disk(disk))
                .ready();
        out.printf(
                "  ready after %s; it prints a tick every 100 ms%n",
                Units.millis((System.nanoTime() - start) / 1_000_000));
        return guest;
    }

    private LabGuest move(String title, LabGuest guest, BiFunction<MoveScenario, LabGuest, MoveResult> way) {
        out.printf("%n%s%n", title);
        guest.ticking();
        ProgressLine progress = new ProgressLine(out, terminal);
        LabHost source = guest.host();
        MoveScenario scenario = MoveScenario.plain().telling((host, event) -> {
            if (host == source) {
                progress.hear(event);
            }
        });
        MoveResult result = way.apply(scenario, guest);
        progress.end();
        results.add(result);
        show(result);
        return result.arrived();
    }

    private void show(MoveResult result) {
        result.lastLines(LINES_SHOWN)
                .forEach(line -> out.printf("    %s | %s%n", result.left().host(), line));
        out.printf("      ~ paused for %s ~%n", Units.millis(result.downtimeMillis()));
        result.firstLines(LINES_SHOWN)
                .forEach(line -> out.printf("    %s | %s%n", result.arrived().host(), line));
        out.printf(
                "    memory %s and disk %s were sent as a package of %s, in %s%n",
                Units.bytes(result.saveImageBytes()),
                Units.bytes(result.diskBytes()),
                Units.bytes(result.packageBytes()),
                Units.millis(result.totalMillis()));
        out.printf("    at %s: %s%n", result.left().host(), phases(result.sent()));
        out.printf("    at %s: %s%n", result.arrived().host(), phases(result.received()));
    }

    private static String phases(JsonObject report) {
        List<String> words = new ArrayList<>();
        for (JsonElement element : report.getAsJsonArray("phases")) {
            JsonObject phase = element.getAsJsonObject();
            words.add(phase.get("phase").getAsString().toLowerCase(Locale.ROOT) + " "
                    + Units.millis(phase.get("lengthMillis").getAsLong()));
        }
        return String.join(", ", words);
    }

    private int conclude(Path directory) {
        out.printf(
                "%n%-6s %-6s %-5s %10s %10s %10s %10s   %s%n",
                "from", "to", "via", "memory", "package", "downtime", "total", "lost");
        for (MoveResult result : results) {
            out.printf(
                    "%-6s %-6s %-5s %10s %10s %10s %10s   %s%n",
                    result.left().host(),
                    result.arrived().host(),
                    result.via(),
                    Units.bytes(result.saveImageBytes()),
                    Units.bytes(result.packageBytes()),
                    Units.millis(result.downtimeMillis()),
                    Units.millis(result.totalMillis()),
                    lost(result));
        }
        write(directory);
        return results.stream().allMatch(MoveResult::whole) ? 0 : 1;
    }

    private static String lost(MoveResult result) {
        if (result.whole()) {
            return "nothing";
        }
        return result.across().ticksLost() + " ticks, " + result.across().ticksRepeated() + " repeated, "
                + result.diskRecordsLost() + " disk records, memory "
                + (result.memoryIntact() ? "intact" : "CHANGED");
    }

    private void write(Path directory) {
        JsonArray moves = new JsonArray();
        results.forEach(result -> moves.add(result.toJson()));
        try {
            Files.createDirectories(directory);
            Path json = directory.resolve("report.json");
            Path html = directory.resolve("report.html");
            Files.writeString(
                    json, new GsonBuilder().setPrettyPrinting().create().toJson(moves) + "\n");
            Files.writeString(html, HtmlReport.of(results));
            out.printf(
                    "%nThe same as JSON: %s%nand as a page with a timeline of each move: %s%n",
                    shown(json), shown(html));
        } catch (IOException e) {
            throw new LabException("could not write the reports to " + directory, e);
        }
    }

    private static Path shown(Path file) {
        return Checkout.root().relativize(file.toAbsolutePath());
    }
}
