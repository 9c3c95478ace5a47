// SPDX-License-Identifier: Apache-2.0
/** Lays a guest down as a package on an HTTP server, takes one in from there, and serves packages itself. */
package io.vmmig.transport.http;
