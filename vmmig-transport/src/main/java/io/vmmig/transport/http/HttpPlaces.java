// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.net.URI;

/** Where the objects are that make up a package, such as presigned addresses of an object store. Called by several threads at once. */
@FunctionalInterface
public interface HttpPlaces {
    /**
     * Where an object is. What comes back may hold a secret: it is never logged, and in no exception.
     *
     * @param method {@code GET}, {@code PUT} or {@code DELETE}; {@code GET} is used with ranges
     * @param name {@code index}, or the name of a part, of letters, digits, hyphens and a dot
     * @return an absolute http or https address without user information
     */
    URI of(String method, String name);
}
