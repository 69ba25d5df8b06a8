// libcurl's option setters are variadic, which Swift cannot call: one typed function for each kind of argument.
#ifndef STEPTRACE_CLIBCURL_SHIM_H
#define STEPTRACE_CLIBCURL_SHIM_H

#include <curl/curl.h>
#include <stddef.h>
// epoll and eventfd are in no module of Swift's own.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or newer is needed"
#endif

// void pointers, so that Swift sees one type whatever libcurl's version declares its handles as.

typedef size_t (*steptrace_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*steptrace_curl_close_callback)(void *context, curl_socket_t socket);
typedef curl_socket_t (*steptrace_curl_open_callback)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*steptrace_curl_socket_callback)(void *easy, curl_socket_t socket, int what, void *context, void *socketContext);
typedef int (*steptrace_curl_timer_callback)(void *multi, long milliseconds, void *context);

static inline void *steptrace_curl_easy_init(void) { return curl_easy_init(); }
static inline void steptrace_curl_easy_cleanup(void *easy) { curl_easy_cleanup((CURL *)easy); }
static inline void steptrace_curl_easy_reset(void *easy) { curl_easy_reset((CURL *)easy); }
static inline CURLcode steptrace_curl_easy_pause(void *easy, int mask) { return curl_easy_pause((CURL *)easy, mask); }

static inline CURLcode steptrace_curl_set_long(void *easy, CURLoption option, long value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}

static inline CURLcode steptrace_curl_set_offset(void *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}

static inline CURLcode steptrace_curl_set_string(void *easy, CURLoption option, const char *value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}

static inline CURLcode steptrace_curl_set_pointer(void *easy, CURLoption option, const void *value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}

static inline CURLcode steptrace_curl_set_list(void *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt((CURL *)easy, option, value);
}

// The bytes are copied.
static inline CURLcode steptrace_curl_set_blob(void *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = { (void *)bytes, count, CURL_BLOB_COPY };
    return curl_easy_setopt((CURL *)easy, option, &blob);
}

static inline CURLcode steptrace_curl_set_data_callback(
    void *easy, CURLoption option, steptrace_curl_data_callback callback
) {
    return curl_easy_setopt((CURL *)easy, option, callback);
}

static inline CURLcode steptrace_curl_set_open_callback(void *easy, steptrace_curl_open_callback callback) {
    return curl_easy_setopt((CURL *)easy, CURLOPT_OPENSOCKETFUNCTION, callback);
}

static inline CURLcode steptrace_curl_set_close_callback(void *easy, steptrace_curl_close_callback callback) {
    return curl_easy_setopt((CURL *)easy, CURLOPT_CLOSESOCKETFUNCTION, callback);
}

static inline CURLcode steptrace_curl_get_long(void *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo((CURL *)easy, info, value);
}

static inline CURLcode steptrace_curl_get_pointer(void *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo((CURL *)easy, info, value);
}

// A socket that programs started by this process do not inherit.
static inline curl_socket_t steptrace_curl_open_socket(struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Names the calling thread, in at most 15 bytes.
static inline void steptrace_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

static inline void *steptrace_curl_multi_init(void) { return curl_multi_init(); }
static inline void steptrace_curl_multi_cleanup(void *multi) { curl_multi_cleanup((CURLM *)multi); }

static inline CURLMcode steptrace_curl_multi_add(void *multi, void *easy) {
    return curl_multi_add_handle((CURLM *)multi, (CURL *)easy);
}

static inline CURLMcode steptrace_curl_multi_remove(void *multi, void *easy) {
    return curl_multi_remove_handle((CURLM *)multi, (CURL *)easy);
}

static inline CURLMcode steptrace_curl_multi_action(void *multi, curl_socket_t socket, int events) {
    int running = 0;
    return curl_multi_socket_action((CURLM *)multi, socket, events, &running);
}

// The easy handle of a finished transfer and its result; NULL when there is none.
static inline void *steptrace_curl_multi_next_done(void *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read((CURLM *)multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

static inline CURLMcode steptrace_curl_multi_set_long(void *multi, CURLMoption option, long value) {
    return curl_multi_setopt((CURLM *)multi, option, value);
}

static inline CURLMcode steptrace_curl_multi_set_callbacks(
    void *multi, steptrace_curl_socket_callback socket, steptrace_curl_timer_callback timer, void *context
) {
    CURLMcode code = curl_multi_setopt((CURLM *)multi, CURLMOPT_SOCKETFUNCTION, socket);
    if (code == CURLM_OK) code = curl_multi_setopt((CURLM *)multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = curl_multi_setopt((CURLM *)multi, CURLMOPT_TIMERFUNCTION, timer);
    if (code == CURLM_OK) code = curl_multi_setopt((CURLM *)multi, CURLMOPT_TIMERDATA, context);
    return code;
}

#endif
