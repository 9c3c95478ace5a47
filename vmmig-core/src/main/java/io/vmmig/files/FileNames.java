// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.json.Malformed;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.regex.Pattern;

/** File names and paths from untrusted names. */
public final class FileNames {
    /** Names that are safe file names on every file system, in every locale and shell. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,127}");
    /** How much of another name is kept; a socket's path must fit into 107 bytes. */
    private static final int MAX_READABLE = 40;

    private static final int HASH_DIGITS = 16;

    private FileNames() {}

    /**
     * A file name for a name: the name itself if it is plain, otherwise its plain characters, a {@code ~} and the start of its
     * SHA-256, as in {@code win-10~d3f0c1b2a4958677}. Deterministic, and different for different names, since no plain name
     * contains a {@code ~}.
     */
    public static String of(String name) {
        if (PLAIN.matcher(name).matches()) {
            return name;
        }
        Digest digest = Digest.of(name.getBytes(StandardCharsets.UTF_8));
        String readable = Normalizer.normalize(start(name), Normalizer.Form.NFKD)
                .replaceAll("\\p{M}+", "")
                .replaceAll("[^A-Za-z0-9._+-]+", "-")
                .replaceAll("^[^A-Za-z0-9]+|-+$", "");
        return (readable.isEmpty() ? "unnamed" : start(readable))
                + '~'
                + digest.hex().substring(0, HASH_DIGITS);
    }

    private static String start(String text) {
        return text.substring(0, Math.min(text.length(), MAX_READABLE));
    }

    /**
     * Parses a path from elsewhere.
     *
     * @param where its origin, such as "the domain XML"
     * @throws VmmigException with {@link Problem#FILE_FAILED} when this program cannot use it; in a locale without UTF-8 that is
     *     the case for any path outside ASCII
     */
    public static Path path(String text, String where) throws VmmigException {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
            throw VmmigException.of(
                    Problem.FILE_FAILED,
                    where + " names the file " + Malformed.quoted(text) + ", which this program cannot open,"
                            + " since its locale encodes file names in " + encoding,
                    "Start the program in a UTF-8 locale, such as with LC_ALL=C.UTF-8, or rename the file.",
                    e);
        }
    }
}
