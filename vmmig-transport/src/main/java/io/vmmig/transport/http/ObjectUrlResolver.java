// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.net.URI;

/**
 * Supplies the addresses of a package's objects, such as presigned addresses of an object store. Called by several threads at
 * once.
 */
@FunctionalInterface
public interface ObjectUrlResolver {
    /**
     * The address of an object. It may contain a secret: it is never logged, and not in any exception.
     *
     * @param method {@code GET}, {@code PUT} or {@code DELETE}; {@code GET} is used with ranges
     * @param name {@code index}, or the name of a part, of letters, digits, hyphens and a dot
     * @return an absolute http or https address without user information
     */
    URI of(String method, String name);
}
