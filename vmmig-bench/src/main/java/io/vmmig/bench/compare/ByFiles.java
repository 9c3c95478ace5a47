// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Stopwatch;
import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * {@code virsh save}, a copy of the files, then {@code virsh restore} with a changed XML. The files may be packed before and
 * unpacked after the copy, or compressed during it.
 *
 * @param word what it is called on the command line
 * @param title what people call it
 * @param saveFormat what {@code virsh save} writes
 * @param pack a shell command that makes {@code package} of the files, before they are sent; empty for none
 * @param send prints the data to send
 * @param receive reads the data
 * @param unpack restores the files
 */
record ByFiles(String word, String title, String saveFormat, String pack, String send, String receive, String unpack)
        implements MigrationMethod {
    private static final Duration PATIENCE = Duration.ofMinutes(15);
    private static final String FILES = "save-image disk.qcow2";
    private static final String PACKAGE = "package";

    /** The prototype's method: a zip of everything. */
    static ByFiles zipped(int level) {
        return new ByFiles(
                "zip" + level,
                "virsh save, zip -" + level,
                "raw",
                "zip -" + level + " -q " + PACKAGE + " " + FILES + " && mv " + PACKAGE + ".zip " + PACKAGE,
                "cat " + PACKAGE,
                "cat >" + PACKAGE,
                "unzip -q " + PACKAGE);
    }

    /** As libvirt saves it. */
    static ByFiles saved(String format) {
        return new ByFiles(
                format,
                "virsh save, " + (format.equals("raw") ? "uncompressed" : format),
                format,
                "",
                "tar -cS " + FILES,
                "tar -x",
                "");
    }

    /** Compressed during the copy. */
    static ByFiles zstdOnTheWay() {
        return new ByFiles(
                "zstd-pipe",
                "virsh save, through zstd -T0",
                "raw",
                "",
                "tar -cS " + FILES + " | zstd -q -T0 -3",
                "zstd -q -d | tar -x",
                "");
    }

    @Override
    public Kind kind() {
        return Kind.STOP_AND_COPY;
    }

    @Override
    public void setUp(Ground ground) {
        ground.saveFormat(saveFormat);
    }

    @Override
    public Moved move(LabGuest guest, Subject subject, LabHost to, Ground ground) {
        LabHost from = guest.host();
        Path source = ground.emptyDirectory("leaving");
        Path target = ground.emptyDirectory("arriving");
        Stopwatch watch = new Stopwatch();
        Saved left = Saved.of(guest, source);
        place(left.disk(), source.resolve("disk.qcow2"));
        shell(source, pack);
        long saved = watch.millis();
        Transfer.run(from, source, send, to, target, receive);
        long transferred = watch.millis();
        shell(target, unpack);
        LabGuest arrived = new Saved(
                        left.name(), left.home(), target.resolve("save-image"), target.resolve("disk.qcow2"))
                .restoreAt(to);
        long restored = watch.millis();
        return new Moved(arrived, saved, transferred - saved, restored - transferred, size(source), Map.of());
    }

    private static void place(Path disk, Path beside) {
        try {
            Files.createLink(beside, disk);
        } catch (IOException e) {
            throw new LabException("could not put " + disk + " beside the save image", e);
        }
    }

    private static void shell(Path directory, String command) {
        if (!command.isEmpty()) {
            Command.of("bash", "-c", "cd '" + directory + "' && " + command).run(PATIENCE);
        }
    }

    private static long size(Path source) {
        try {
            Path whole = source.resolve(PACKAGE);
            return Files.exists(whole)
                    ? Files.size(whole)
                    : Files.size(source.resolve("save-image")) + Files.size(source.resolve("disk.qcow2"));
        } catch (IOException e) {
            throw new LabException("could not look into " + source, e);
        }
    }
}
