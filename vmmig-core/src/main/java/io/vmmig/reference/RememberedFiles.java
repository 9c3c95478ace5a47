// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.PackageFormatException;
import io.vmmig.files.PrivateFiles;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The paths of content on this host outside of a store: a small file for each, named by digest and format, with the path. It does not
 * guarantee the content's current state. If one is lost, the content has to be sent again.
 */
final class RememberedFiles {
    private static final Logger LOG = LoggerFactory.getLogger(RememberedFiles.class);
    private static final Pattern NAME = Pattern.compile("sha256-([0-9a-f]{64})\\.(qcow2|raw)\\.json");
    private static final String REMEMBERING = ".remembering-";
    private static final int MAX_BYTES = 16 << 10;
    private static final int MAX_FILES = 4096;

    private final Path directory;

    RememberedFiles(Path directory) {
        this.directory = directory;
    }

    /** Remembers a file, replacing another one of the same content. */
    void remember(Path file, ImageFormat format, Digest digest) throws IOException {
        Path real = file.toRealPath();
        Path entry = entryOf(digest, format);
        if (pathIn(entry).filter(real::equals).isPresent()) {
            return;
        }
        PrivateFiles.makeDirectory(directory);
        PrivateFiles.replace(entry, new JsonText().put("path", real).line(), REMEMBERING);
        dropWhatIsGone();
    }

    /** The file of that content, if it still exists. */
    Optional<BaseImage> find(Digest digest, ImageFormat format) throws IOException {
        Optional<Path> path = pathIn(entryOf(digest, format));
        return path.isEmpty() || !Files.isRegularFile(path.get(), LinkOption.NOFOLLOW_LINKS)
                ? Optional.empty()
                : Optional.of(new BaseImage(digest, path.get(), format, Files.size(path.get()), true));
    }

    /** Forgets the path of that content, and returns whether it was known; the file stays. */
    boolean forget(Digest digest, ImageFormat format) throws IOException {
        return Files.deleteIfExists(entryOf(digest, format));
    }

    /** All entries whose files still exist. */
    List<BaseImage> list() throws IOException {
        List<BaseImage> all = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return all;
        }
        for (Path entry : PrivateFiles.list(directory)) {
            Matcher name = NAME.matcher(entry.getFileName().toString());
            if (name.matches()) {
                find(new Digest(name.group(1)), ImageFormat.of(name.group(2)).orElseThrow())
                        .ifPresent(all::add);
            }
        }
        return all;
    }

    void removeUnfinished() throws IOException {
        PrivateFiles.sweep(directory, REMEMBERING);
    }

    /** Removes entries whose files no longer exist, which bounds their number. */
    private void dropWhatIsGone() throws IOException {
        List<Path> entries = PrivateFiles.list(directory);
        if (entries.size() > MAX_FILES) {
            for (Path entry : entries) {
                if (pathIn(entry).filter(Files::exists).isEmpty()) {
                    PrivateFiles.deleteOrWarn(entry);
                }
            }
        }
    }

    private static Optional<Path> pathIn(Path entry) throws IOException {
        try (InputStream in = Files.newInputStream(entry, LinkOption.NOFOLLOW_LINKS)) {
            return JsonFields.of(in.readNBytes(MAX_BYTES), "the entry")
                    .anyText("path")
                    .map(Path::of)
                    .filter(Path::isAbsolute);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (PackageFormatException | InvalidPathException e) {
            LOG.warn("{} is damaged, so what it says is forgotten", entry, e);
            return Optional.empty();
        }
    }

    private Path entryOf(Digest digest, ImageFormat format) {
        return directory.resolve("sha256-" + digest.hex() + "." + format.word() + ".json");
    }
}
