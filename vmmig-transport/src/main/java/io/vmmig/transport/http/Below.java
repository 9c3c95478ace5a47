// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.net.URI;

/** Objects that are one level below an address. */
final class Below {
    private Below() {}

    static HttpPlaces of(URI place) {
        String base = name(place);
        return (method, name) -> URI.create(base + "/" + name);
    }

    /** The address in its one spelling; without the address in what is thrown, for it may hold a secret. */
    static String name(URI place) {
        if (!HttpCalls.usable(place) || place.getRawQuery() != null || place.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    "not an absolute http or https address without user, query and fragment");
        }
        return place.toASCIIString().replaceAll("/+$", "");
    }
}
