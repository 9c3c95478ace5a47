// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.net.URI;
import java.util.Locale;

/** Which addresses may be used. None is in what is thrown, for it may hold a secret. */
final class Addresses {
    private Addresses() {}

    /** Objects that are one level below an address. */
    static ObjectUrlResolver below(URI place) throws VmmigException {
        String base = name(place);
        return (method, name) -> URI.create(base + "/" + name);
    }

    /** The address in its one spelling, which may be shown. */
    static String name(URI place) throws VmmigException {
        if (!usable(place) || place.getRawQuery() != null || place.getRawFragment() != null) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "not an absolute http or https address without user, query and fragment",
                    "Put credentials into a header, with HttpAccess.header(…).");
        }
        return place.toASCIIString().replaceAll("/+$", "");
    }

    static boolean usable(URI uri) {
        String scheme = scheme(uri);
        return (scheme.equals("http") || scheme.equals("https"))
                && uri.getHost() != null
                && uri.getRawUserInfo() == null;
    }

    static boolean secure(URI uri) {
        return scheme(uri).equals("https");
    }

    static boolean sameOrigin(URI one, URI other) {
        return scheme(one).equals(scheme(other))
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : secure(uri) ? 443 : 80;
    }

    private static String scheme(URI uri) {
        return uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    }
}
