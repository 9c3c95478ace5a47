// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileNames;
import io.vmmig.files.PrivateFiles;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/** The directory of one end's journals in the host's state; each is named after its package. */
final class JournalDirectory {
    private static final String ENDING = ".journal";
    private static final Pattern NAME =
            Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}" + Pattern.quote(ENDING));
    private static final String JOURNAL = "a journal of this host";
    private static final int MAX_FILES = 10_000;
    private static final int MAX_PATH = 4096;

    private final Path directory;

    JournalDirectory(Path directory) {
        this.directory = directory;
    }

    static JournalDirectory ofDepartures(HostState state) {
        return new JournalDirectory(state.directory(HostState.Part.DEPARTURES));
    }

    static JournalDirectory ofArrivals(HostState state) {
        return new JournalDirectory(state.directory(HostState.Part.ARRIVALS));
    }

    Path fileOf(UUID packageId) {
        return directory.toAbsolutePath().normalize().resolve(packageId + ENDING);
    }

    /** @param file as returned by {@link #fileOf} */
    Journal begin(Path file, JsonText facts, String state) throws VmmigException {
        try {
            PrivateFiles.makeDirectory(directory);
        } catch (IOException e) {
            throw failed(e);
        }
        return Journal.begin(file, facts, state);
    }

    /** The package that a journal is named after. */
    static UUID packageOf(Path file) {
        String name = file.getFileName().toString();
        return UUID.fromString(name.substring(0, name.length() - ENDING.length()));
    }

    /** All journals. */
    List<Path> all() throws VmmigException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try {
            return PrivateFiles.list(directory.toAbsolutePath().normalize()).stream()
                    .filter(file -> NAME.matcher(file.getFileName().toString()).matches())
                    .toList();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private VmmigException failed(IOException e) {
        return VmmigException.from(
                e,
                Problem.FILE_FAILED,
                "could not look into the journals in " + directory,
                "Check the directory and its disk.");
    }

    static List<Path> paths(JsonFields fields, String name) throws VmmigException {
        List<Path> paths = new ArrayList<>();
        for (String text : fields.texts(name, MAX_FILES, MAX_PATH)) {
            paths.add(FileNames.path(text, JOURNAL));
        }
        return List.copyOf(paths);
    }

    static Path path(JsonFields fields, String name) throws VmmigException {
        return FileNames.path(fields.text(name, MAX_PATH), JOURNAL);
    }
}
