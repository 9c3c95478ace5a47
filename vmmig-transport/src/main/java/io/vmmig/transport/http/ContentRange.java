// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.net.http.HttpHeaders;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which bytes of an object an answer holds.
 *
 * @param first the first of them
 * @param last the last of them
 * @param whole how many there are in all, or -1 if that is not said
 */
record ContentRange(long first, long last, long whole) {
    private static final Pattern FORM = Pattern.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\\*)");

    static Optional<ContentRange> of(HttpHeaders headers) {
        Matcher range = FORM.matcher(headers.firstValue("Content-Range").orElse(""));
        return range.matches()
                ? Optional.of(new ContentRange(
                        Long.parseLong(range.group(1)),
                        Long.parseLong(range.group(2)),
                        range.group(3).equals("*") ? -1 : Long.parseLong(range.group(3))))
                : Optional.empty();
    }
}
