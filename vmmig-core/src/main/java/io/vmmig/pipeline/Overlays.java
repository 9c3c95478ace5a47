// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileNames;
import io.vmmig.files.NewFile;
import io.vmmig.files.PrivateFiles;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.qcow2.ImageFiles;
import io.vmmig.report.Notice;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The overlays that a guest writes to while its disk layers travel, and that are merged into these afterwards. A record in the host's state
 * says which they are, from before they are made until they are merged or gone, so that a recovery can merge them after a crash.
 *
 * @param record the record's file
 * @param guest the guest's uuid
 * @param files the overlays by the disks' targets
 */
record Overlays(Path record, UUID guest, Map<String, Path> files) {
    private static final Logger LOG = LoggerFactory.getLogger(Overlays.class);

    /** What a guest writes during a migration takes seconds; one that writes faster than this merges keeps its overlays. */
    private static final Duration MERGING = Duration.ofMinutes(10);

    private static final String WHERE = "a record of overlays";
    private static final String UNFINISHED = ".";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DISKS = 1 << 10;

    Overlays {
        files = Map.copyOf(files);
    }

    /** Records overlays of a guest that exist or are about to be made. */
    static Overlays begin(HostState state, UUID guest, Map<String, Path> files) throws VmmigException {
        Overlays overlays = new Overlays(recordOf(state, guest), guest, files);
        JsonText json = new JsonText();
        List<String> lines = new ArrayList<>();
        new TreeMap<>(files).forEach((target, file) -> {
            lines.add(target);
            lines.add(file.toString());
        });
        try {
            PrivateFiles.replace(overlays.record, json.texts("overlays", lines).line(), UNFINISHED);
        } catch (IOException e) {
            throw failed(e, "could not record the overlays of a guest in " + overlays.record);
        }
        return overlays;
    }

    private static Path recordOf(HostState state, UUID guest) {
        return state.directory(HostState.Part.OVERLAYS).resolve(guest.toString());
    }

    /** The overlays of a guest; empty if it has none. */
    static Optional<Overlays> of(HostState state, UUID guest) throws VmmigException {
        Path record = recordOf(state, guest);
        try {
            if (Files.size(record) > MAX_BYTES) {
                throw new IOException(record + " is too large");
            }
            List<String> lines =
                    JsonFields.of(Files.readAllBytes(record), WHERE).texts("overlays", MAX_DISKS, MAX_BYTES);
            Map<String, Path> files = new TreeMap<>();
            for (int i = 0; i + 1 < lines.size(); i += 2) {
                files.put(lines.get(i), FileNames.path(lines.get(i + 1), WHERE));
            }
            return Optional.of(new Overlays(record, guest, files));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed(e, "could not read the overlays of a guest in " + record);
        }
    }

    /** The guests of which there are records. */
    static List<UUID> guests(HostState state) throws VmmigException {
        try (Stream<Path> all = Files.list(state.directory(HostState.Part.OVERLAYS))) {
            return all.map(record -> record.getFileName().toString())
                    .filter(name -> NAME.matcher(name).matches())
                    .map(UUID::fromString)
                    .toList();
        } catch (IOException e) {
            throw failed(e, "could not list the overlays of guests");
        }
    }

    private static VmmigException failed(IOException e, String what) {
        return VmmigException.from(e, Problem.FILE_FAILED, what, "Check the directory of the host's state.");
    }

    /** Makes the overlays, and has the guest write to them. */
    void add(Guest running, Map<String, DiskChain> chains) throws VmmigException {
        try {
            for (Map.Entry<String, Path> overlay : files.entrySet()) {
                List<DiskChain.Image> layers =
                        Objects.requireNonNull(chains.get(overlay.getKey())).layers();
                ImageFiles.makeOverlay(overlay.getValue(), layers.get(layers.size() - 1));
            }
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "could not make an overlay for a disk of the guest",
                    "Check the directory of the disk, or move the guest with Strategy.WARM.");
        }
        running.addOverlays(files);
    }

    /** Merges what an earlier migration has left, so that it does not move with the guest. */
    static void mergeLeft(Guest there, SourceContext context) throws VmmigException {
        Optional<Overlays> left = of(context.state(), there.uuid());
        if (left.isPresent() && there.state() == GuestState.RUNNING) {
            left.get().merge(there);
        }
    }

    /** Merges the overlays into the layers below them. */
    void merge(Guest there) throws VmmigException {
        there.mergeOverlays(files, MERGING);
        forget();
    }

    /** As {@link #merge}; if that fails, the guest keeps its overlays until a recovery merges them, and the report says so. */
    void mergeOrKeep(Guest there, Recorder recorder) {
        try {
            merge(there);
        } catch (VmmigException e) {
            keep(e, there.name(), recorder);
        }
    }

    /** Reports that a guest keeps its overlays. */
    static void keep(VmmigException why, String guest, Recorder recorder) {
        LOG.warn("guest {}: its disks keep their overlays", guest, why);
        recorder.notice(new Notice(
                Notice.Kind.LEFT_BEHIND,
                "overlays",
                "the guest's disks keep the overlays of the live migration: "
                        + why.failure().what(),
                "Run Recovery at this host while the guest runs."));
    }

    /** Removes the overlays of a guest that has left, if it had any. */
    static void removeLeft(HostState state, UUID guest) throws VmmigException {
        Optional<Overlays> left = of(state, guest);
        if (left.isPresent()) {
            left.get().remove();
        }
    }

    private void remove() throws VmmigException {
        try {
            for (Path file : files.values()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw failed(e, "could not remove an overlay of a guest that has left");
        }
        forget();
    }

    private void forget() throws VmmigException {
        try {
            if (Files.deleteIfExists(record)) {
                NewFile.syncDirectoryOf(record);
            }
        } catch (IOException e) {
            throw failed(e, "could not remove " + record);
        }
    }
}
