// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The header of an age file: its recipients, authenticated. */
public record Header(List<Stanza> stanzas, byte[] authenticated, byte[] mac) {
    /** The maximum number of recipients, for reading and writing. */
    public static final int MAX_STANZAS = 256;

    private static final String VERSION = "age-encryption.org/v1";
    private static final String VERSIONS = "age-encryption.org/";
    private static final int MAX_WORDS_LENGTH = 4096;
    private static final int MAX_VERSION_LENGTH = 128;
    private static final int COLUMNS = 64;
    private static final int MAC_BYTES = 32;

    /** The header of a file with this key, which {@code stanzas} wrap. */
    public static byte[] encode(List<Stanza> stanzas, byte[] fileKey) {
        StringBuilder text = new StringBuilder(VERSION).append('\n');
        for (Stanza stanza : stanzas) {
            text.append("-> ").append(String.join(" ", stanza.words())).append('\n');
            String body = Base64Text.encode(stanza.body());
            for (int i = 0; i <= body.length(); i += COLUMNS) {
                text.append(body, i, Math.min(body.length(), i + COLUMNS)).append('\n');
            }
        }
        text.append("---");
        byte[] mac = mac(fileKey, text.toString().getBytes(StandardCharsets.US_ASCII));
        text.append(' ').append(Base64Text.encode(mac)).append('\n');
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** Parses up to the payload, without verifying anything. */
    public static Header read(HeaderInput in) throws IOException, VmmigException {
        StringBuilder text = new StringBuilder();
        String version = in.line(MAX_VERSION_LENGTH);
        if (!version.equals(VERSION)) {
            throw AgeErrors.malformed(
                    version.startsWith(VERSIONS)
                            ? "it is of a version other than 1"
                            : "it does not begin with " + VERSION);
        }
        text.append(version).append('\n');
        List<Stanza> stanzas = new ArrayList<>();
        while (true) {
            String line = in.line(MAX_WORDS_LENGTH);
            if (line.startsWith("--- ")) {
                if (stanzas.isEmpty()) {
                    throw AgeErrors.malformed("it has no recipients");
                }
                text.append("---");
                byte[] mac = Base64Text.decode(line.substring(4), MAC_BYTES, "the header's code");
                return new Header(stanzas, text.toString().getBytes(StandardCharsets.US_ASCII), mac);
            }
            if (stanzas.size() == MAX_STANZAS) {
                throw AgeErrors.malformed("it has more than " + MAX_STANZAS + " recipients");
            }
            text.append(line).append('\n');
            stanzas.add(new Stanza(words(line), body(in, text)));
        }
    }

    private static List<String> words(String line) throws VmmigException {
        if (!line.startsWith("-> ")) {
            throw AgeErrors.malformed("a recipient should begin where another line is");
        }
        List<String> words = List.of(line.substring(3).split(" ", -1));
        if (words.contains("")) {
            throw AgeErrors.malformed("a recipient has an empty argument");
        }
        return words;
    }

    private static byte[] body(HeaderInput in, StringBuilder text) throws IOException, VmmigException {
        StringBuilder body = new StringBuilder();
        String line;
        do {
            line = in.line(COLUMNS);
            text.append(line).append('\n');
            body.append(line);
        } while (line.length() == COLUMNS);
        return Base64Text.decode(body.toString(), "a recipient's body");
    }

    /** Checks that the header's writer knew the file key. */
    public void verify(byte[] fileKey) throws VmmigException {
        if (!MessageDigest.isEqual(mac(fileKey, authenticated), mac)) {
            throw AgeErrors.broken("the header of the sealed data was changed");
        }
    }

    private static byte[] mac(byte[] fileKey, byte[] text) {
        byte[] key = Hkdf.derive(fileKey, new byte[0], "header");
        byte[] mac = Hkdf.hmac(key, text);
        Arrays.fill(key, (byte) 0);
        return mac;
    }
}
