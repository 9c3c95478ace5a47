// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.content.Digest;
import io.vmmig.error.PackageFormatException;
import io.vmmig.files.PrivateFiles;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the guests of this host arrived, with a file for each. A failure here never stops a migration; the guest only loses its history. */
record GuestHistories(Path directory) {
    private static final Logger LOG = LoggerFactory.getLogger(GuestHistories.class);
    private static final int MAX_BYTES = 8 << 20;
    private static final int MAX_TEXTS = 1 << 16;
    private static final int MAX_LENGTH = 1 << 16;
    private static final String WHERE = "a guest's history";
    private static final String UNFINISHED = ".";

    /**
     * How a guest arrived.
     *
     * @param from the digest of the seal of its package, or null if it is not known
     * @param signatures that package's verified signatures, the oldest first
     * @param changes what was changed in its domain, in words
     */
    record History(@Nullable Digest from, List<String> signatures, List<String> changes) {
        private static final History UNKNOWN = new History(null, List.of(), List.of());
    }

    static GuestHistories of(HostState state) {
        return new GuestHistories(state.directory(HostState.Part.HISTORIES));
    }

    /** A guest's history; empty if there is none. */
    History find(UUID guest) {
        Path file = fileOf(guest);
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException("it is too large");
            }
            JsonFields fields = JsonFields.of(Files.readAllBytes(file), WHERE);
            return new History(
                    fields.digest("from"),
                    fields.texts("signatures", MAX_TEXTS, MAX_LENGTH),
                    fields.texts("changes", MAX_TEXTS, MAX_LENGTH));
        } catch (NoSuchFileException e) {
            return History.UNKNOWN;
        } catch (IOException | PackageFormatException e) {
            LOG.warn("the history {} cannot be read", file, e);
            return History.UNKNOWN;
        }
    }

    /** Records how a guest arrived. */
    void put(UUID guest, Digest from, List<String> signatures, List<String> changes) {
        byte[] json = new JsonText()
                .put("from", from)
                .texts("signatures", signatures)
                .texts("changes", changes)
                .line();
        try {
            PrivateFiles.makeDirectory(directory);
            PrivateFiles.replace(fileOf(guest), json, UNFINISHED);
        } catch (IOException e) {
            LOG.warn("the history of guest {} could not be recorded", guest, e);
        }
    }

    /** Removes temporary files of crashed programs. */
    void removeUnfinished() {
        try {
            PrivateFiles.sweep(directory, UNFINISHED);
        } catch (IOException e) {
            LOG.warn("{} could not be cleared up", directory, e);
        }
    }

    /** Removes the history of a departed guest. */
    void remove(UUID guest) {
        PrivateFiles.deleteOrWarn(fileOf(guest));
    }

    private Path fileOf(UUID guest) {
        return directory.resolve(guest + ".json");
    }
}
