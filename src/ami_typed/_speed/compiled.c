/* What `plain` does, in C: see there for what each function promises. Tests hold both to the same results.
 *
 * Only the stable ABI of Python 3.11 is used, so that one build serves every later Python, and one made with a later
 * Python's headers serves 3.11 too. Py_RETURN_NONE and its like are not used: from 3.12 on they return without a new
 * reference, whatever Py_LIMITED_API says, and 3.11 then deallocates None.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <stddef.h>
#include <string.h>

static const char END[] = "\r\n\r\n";
static const char ID[] = "\r\nActionID: ";
static const char MESSAGE[] = "\r\nMessage: ";
enum { END_LENGTH = sizeof END - 1, ID_LENGTH = sizeof ID - 1, MESSAGE_LENGTH = sizeof MESSAGE - 1 };

#ifdef _WIN32
static const char *
find(const char *start, const char *end, const char *needle, Py_ssize_t length)
{
    while (end - start >= length && (start = memchr(start, needle[0], end - start - length + 1))) {
        if (memcmp(start, needle, length) == 0)
            return start;
        start++;
    }
    return NULL;
}
#else
static const char *
find(const char *start, const char *end, const char *needle, Py_ssize_t length)
{
    return memmem(start, end - start, needle, length);
}
#endif

/* Return the empty line that ends a message. Blocks without a line feed before a carriage return, which stand only
 * there, are passed over in a loop that compilers turn into vector instructions: memmem needs three times as long. */
static const char *
message_end(const char *start, const char *end)
{
    enum { BLOCK = 64 };
    while (end - start > BLOCK) {
        unsigned char found = 0;
        for (int place = 0; place < BLOCK; place++)
            found |= (start[place] == '\n') & (start[place + 1] == '\r');
        if (found) {
            const char *stop = find(start, start + BLOCK + 3 < end ? start + BLOCK + 3 : end, END, END_LENGTH);
            if (stop)
                return stop;
        }
        start += BLOCK - 1;
    }
    return find(start, end, END, END_LENGTH);
}

static const char *
line_end(const char *start, const char *end)
{
    const char *found = find(start, end, "\r\n", 2);
    return found ? found : end;
}

/* Kind */

typedef struct {
    PyObject_HEAD
    PyObject *cls;
    PyObject *first; /* the name of the first header, which says the kind's name */
    PyObject *name;
    PyObject *zone; /* what each event remembers as its server's time zone; NULL where that does not matter */
    char acyclic;
    char wanted;
    Py_ssize_t count;
    Py_ssize_t octets; /* that went into lists */
} Kind;

static PyTypeObject *kind_type;
static PyObject *first_name, *octets_name, *unread_name, *zone_name, *append_name, *no_arguments, *guard, *reason;

static int
is_message_class(PyObject *cls)
{
    return PyType_Check(cls) && PyType_IsSubtype((PyTypeObject *)cls, &PyDict_Type);
}

static long
number_of(PyObject *cls, const char *name)
{
    PyObject *number = PyObject_GetAttrString(cls, name);
    long result = number ? PyLong_AsLong(number) : -1;
    Py_XDECREF(number);
    return result;
}

/* Tell whether instances hold nothing but their headers and what every message has, none of which refers back to them.
 * Where a class adds an attribute, they may. */
static int
is_acyclic(PyObject *cls)
{
    PyObject *slot = PyObject_GetAttr(cls, octets_name);
    PyObject *message = slot ? PyObject_GetAttrString(slot, "__objclass__") : NULL;
    int same = message && number_of(cls, "__dictoffset__") == 0 && /* which is no part of the size since 3.12 */
               number_of(cls, "__basicsize__") == number_of(message, "__basicsize__");
    Py_XDECREF(message);
    Py_XDECREF(slot);
    PyErr_Clear(); /* a class without such slots is another one's */
    return same;
}

static int
kind_init(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"cls", "name", "wanted", "zone", NULL};
    Kind *kind = (Kind *)self;
    PyObject *cls, *name, *zone = Py_None;
    int wanted;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OUp|O", names, &cls, &name, &wanted, &zone))
        return -1;
    if (!is_message_class(cls)) {
        PyErr_SetString(PyExc_TypeError, "the class of a kind is a class of messages");
        return -1;
    }
    PyObject *first = PyObject_GetAttr(cls, first_name);
    if (first == NULL)
        return -1;
    Py_XDECREF(kind->cls);
    Py_XDECREF(kind->first);
    Py_XDECREF(kind->name);
    Py_XDECREF(kind->zone);
    kind->cls = Py_NewRef(cls);
    kind->first = first;
    kind->name = Py_NewRef(name);
    kind->zone = zone == Py_None ? NULL : Py_NewRef(zone);
    kind->acyclic = (char)is_acyclic(cls);
    kind->wanted = (char)wanted;
    kind->count = kind->octets = 0;
    return 0;
}

static int
kind_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Kind *)self)->cls);
    Py_VISIT(((Kind *)self)->zone);
    return 0;
}

static int
kind_clear(PyObject *self)
{
    Py_CLEAR(((Kind *)self)->cls);
    Py_CLEAR(((Kind *)self)->zone);
    return 0;
}

static void
kind_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((Kind *)self)->cls);
    Py_CLEAR(((Kind *)self)->first);
    Py_CLEAR(((Kind *)self)->name);
    Py_CLEAR(((Kind *)self)->zone);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMemberDef kind_members[] = {
    {"cls", T_OBJECT_EX, offsetof(Kind, cls), READONLY, NULL},
    {"name", T_OBJECT_EX, offsetof(Kind, name), READONLY, NULL},
    {"zone", T_OBJECT, offsetof(Kind, zone), READONLY, NULL},
    {"wanted", T_BOOL, offsetof(Kind, wanted), 0, NULL},
    {"count", T_PYSSIZET, offsetof(Kind, count), 0, NULL},
    {"octets", T_PYSSIZET, offsetof(Kind, octets), 0, NULL},
    {NULL},
};

static PyType_Slot kind_slots[] = {
    {Py_tp_doc, "The events that begin with the same line."},
    {Py_tp_init, kind_init},
    {Py_tp_traverse, kind_traverse},
    {Py_tp_clear, kind_clear},
    {Py_tp_dealloc, kind_dealloc},
    {Py_tp_members, kind_members},
    {0, NULL},
};

static PyType_Spec kind_spec = {
    "ami_typed._speed.compiled.Kind", sizeof(Kind), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, kind_slots,
};

/* find_header */

/* Return the value of the first line that begins with a needle, None where there is no such line.
 * `marked` is set to whether the value holds `mark`, which is 0 for none. */
static PyObject *
value_of(PyObject *message, PyObject *line_start, char mark, int *marked)
{
    char *octets, *needle;
    Py_ssize_t length, needle_length;
    if (PyBytes_AsStringAndSize(message, &octets, &length) < 0 ||
        PyBytes_AsStringAndSize(line_start, &needle, &needle_length) < 0)
        return NULL;
    const char *end = octets + length;
    const char *start = find(octets, end, needle, needle_length);
    if (start == NULL)
        return Py_NewRef(Py_None);
    start += needle_length;
    const char *stop = line_end(start, end);
    if (needle_length == MESSAGE_LENGTH && memcmp(needle, MESSAGE, MESSAGE_LENGTH) == 0)
        while (stop > start && stop[-1] == '\n')
            stop--;
    *marked = mark && memchr(start, mark, stop - start);
    return PyUnicode_DecodeUTF8(start, stop - start, "surrogateescape");
}

static PyObject *
find_header(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "find_header() takes a message and a needle");
        return NULL;
    }
    int marked;
    return value_of(arguments[0], arguments[1], 0, &marked);
}

/* find_snapshot */

typedef struct {
    const char *name;
    Py_ssize_t length;
} Header;

#define HEADER(name) {name ": ", sizeof name + 1}

static const Header SNAPSHOT[] = {
    HEADER("Channel"), HEADER("ChannelState"), HEADER("ChannelStateDesc"), HEADER("CallerIDNum"), HEADER("CallerIDName"),
    HEADER("ConnectedLineNum"), HEADER("ConnectedLineName"), HEADER("Language"), HEADER("AccountCode"),
    HEADER("Context"), HEADER("Exten"), HEADER("Priority"), HEADER("Uniqueid"), HEADER("Linkedid"),
};
enum { LINES = sizeof SNAPSHOT / sizeof *SNAPSHOT, STATE_LINE = 1, UNIQUEID_LINE = LINES - 2 };

typedef struct {
    const char *start, *end; /* from the CR LF before the line, without the one at its end */
} Line;

/* Find the lines of a snapshot; return whether they are there, one after the other. */
static int
find_lines(Line *lines, const char *octets, const char *end, const char *prefix, Py_ssize_t length)
{
    for (int number = 0; number < LINES; number++) {
        const Header *header = &SNAPSHOT[number];
        if (end - octets < 2 + length + header->length || octets[0] != '\r' || octets[1] != '\n' ||
            memcmp(octets + 2, prefix, length) != 0 || memcmp(octets + 2 + length, header->name, header->length) != 0)
            return 0;
        const char *value = octets + 2 + length + header->length;
        const char *stop = memchr(value, '\r', end - value);
        if (stop == NULL)
            stop = end;
        lines[number] = (Line){octets, stop};
        octets = stop;
    }
    return octets == end || (end - octets > 1 && octets[1] == '\n');
}

/* Return the lines of a snapshot without their prefixes. */
static PyObject *
without_prefix(const Line *lines, Py_ssize_t length)
{
    Py_ssize_t size = lines[LINES - 1].end - lines[0].start - length * LINES;
    PyObject *octets = PyBytes_FromStringAndSize(NULL, size);
    char *place = octets ? PyBytes_AsString(octets) : NULL;
    for (int number = 0; octets && number < LINES; number++) {
        const char *rest = lines[number].start + 2 + length;
        memcpy(place, "\r\n", 2);
        memcpy(place + 2, rest, lines[number].end - rest);
        place += 2 + (lines[number].end - rest);
    }
    return octets;
}

static PyObject *
snapshot_of(const Line *lines, Py_ssize_t length)
{
    const Line *state = &lines[STATE_LINE], *uniqueid = &lines[UNIQUEID_LINE];
    const char *digit = state->start + 2 + length + SNAPSHOT[STATE_LINE].length;
    const char *identity = uniqueid->start + 2 + length + SNAPSHOT[UNIQUEID_LINE].length;
    if (state->end - digit != 1 || *digit < '0' || *digit > '9')
        return Py_NewRef(Py_None);
    PyObject *text = PyUnicode_DecodeUTF8(identity, uniqueid->end - identity, "surrogateescape");
    PyObject *octets = text == NULL ? NULL
                       : length     ? without_prefix(lines, length)
                                    : PyBytes_FromStringAndSize(lines[0].start, lines[LINES - 1].end - lines[0].start);
    PyObject *number = octets ? PyLong_FromLong(*digit - '0') : NULL;
    PyObject *found = number ? PyTuple_Pack(3, text, octets, number) : NULL;
    Py_XDECREF(text);
    Py_XDECREF(octets);
    Py_XDECREF(number);
    return found;
}

static PyObject *
find_snapshot(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    char *octets, *needle;
    Py_ssize_t length, needle_length;
    Line lines[LINES];
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "find_snapshot() takes a message and the beginning of a line");
        return NULL;
    }
    if (PyBytes_AsStringAndSize(arguments[0], &octets, &length) < 0 ||
        PyBytes_AsStringAndSize(arguments[1], &needle, &needle_length) < 0)
        return NULL;
    Py_ssize_t prefix = needle_length - 2 - SNAPSHOT[0].length;
    const char *end = octets + length;
    const char *start = prefix < 0 ? NULL : find(octets, end, needle, needle_length);
    if (start == NULL || !find_lines(lines, start, end, needle + 2, prefix))
        return Py_NewRef(Py_None);
    return snapshot_of(lines, prefix);
}

/* contains */

static PyObject *
contains(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    char *octets, *needle;
    Py_ssize_t length, needle_length;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "contains() takes messages and a needle");
        return NULL;
    }
    if (PyBytes_AsStringAndSize(arguments[0], &octets, &length) < 0 ||
        PyBytes_AsStringAndSize(arguments[1], &needle, &needle_length) < 0)
        return NULL;
    return PyBool_FromLong(find(octets, octets + length, needle, needle_length) != NULL);
}

/* HeaderAttribute */

typedef struct {
    PyObject_HEAD
    PyObject *needle;
    PyObject *none;
    PyObject *read;
    char mark; /* without which a text is the value; 0 where any text is to be read */
} HeaderAttribute;

static PyObject *look_name, *refuse_name, *decode_name;

/* Have the attribute say why a text is not of its type: in the place of the exception that is set. */
static PyObject *
refuse(PyObject *self, PyObject *message, PyObject *spelling)
{
    PyObject *type, *error, *traceback, *result;
    if (!PyErr_ExceptionMatches(PyExc_ValueError) && !PyErr_ExceptionMatches(PyExc_OverflowError) &&
        !PyErr_ExceptionMatches(PyExc_OSError))
        return NULL;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    result = PyObject_CallMethodObjArgs(self, refuse_name, message, spelling, error, NULL);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return result;
}

/* Return the value that a text stands for. */
static PyObject *
decoded(PyObject *self, PyObject *message, PyObject *spelling, int marked)
{
    HeaderAttribute *found = (HeaderAttribute *)self;
    int none = PySequence_Contains(found->none, spelling);
    if (none < 0)
        return NULL;
    if (none)
        return Py_NewRef(Py_None);
    if (marked)
        return PyObject_CallMethodObjArgs(self, decode_name, message, spelling, NULL);
    if (found->read == Py_None || found->mark)
        return Py_NewRef(spelling);
    PyObject *value = PyObject_CallFunctionObjArgs(found->read, spelling, NULL);
    return value ? value : refuse(self, message, spelling);
}

static PyObject *
attribute_get(PyObject *self, PyObject *message, PyObject *Py_UNUSED(owner))
{
    HeaderAttribute *found = (HeaderAttribute *)self;
    if (message == NULL || message == Py_None)
        return Py_NewRef(self);
    if (found->needle == NULL || found->none == NULL || found->read == NULL) {
        PyErr_SetString(PyExc_AttributeError, "the attribute was not made yet");
        return NULL;
    }
    PyObject *octets = PyObject_GetAttr(message, unread_name);
    if (octets == NULL)
        return NULL;
    int marked = 0;
    PyObject *spelling = octets == Py_None ? Py_NewRef(Py_None) : value_of(octets, found->needle, found->mark, &marked);
    Py_DECREF(octets);
    if (spelling == NULL)
        return NULL;
    PyObject *value = spelling == Py_None ? PyObject_CallMethodObjArgs(self, look_name, message, NULL)
                                          : decoded(self, message, spelling, marked);
    Py_DECREF(spelling);
    return value;
}

static int
attribute_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((HeaderAttribute *)self)->needle);
    Py_VISIT(((HeaderAttribute *)self)->none);
    Py_VISIT(((HeaderAttribute *)self)->read);
    return 0;
}

static int
attribute_clear(PyObject *self)
{
    Py_CLEAR(((HeaderAttribute *)self)->needle);
    Py_CLEAR(((HeaderAttribute *)self)->none);
    Py_CLEAR(((HeaderAttribute *)self)->read);
    return 0;
}

static void
attribute_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    attribute_clear(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMemberDef attribute_members[] = {
    {"_needle", T_OBJECT_EX, offsetof(HeaderAttribute, needle), 0, NULL},
    {"_none", T_OBJECT_EX, offsetof(HeaderAttribute, none), 0, NULL},
    {"_read", T_OBJECT_EX, offsetof(HeaderAttribute, read), 0, NULL},
    {"_mark", T_CHAR, offsetof(HeaderAttribute, mark), 0, NULL},
    {NULL},
};

static PyType_Slot attribute_slots[] = {
    {Py_tp_doc, "An attribute that is found in the octets of a message."},
    {Py_tp_descr_get, attribute_get},
    {Py_tp_traverse, attribute_traverse},
    {Py_tp_clear, attribute_clear},
    {Py_tp_dealloc, attribute_dealloc},
    {Py_tp_members, attribute_members},
    {0, NULL},
};

static PyType_Spec attribute_spec = {
    "ami_typed._speed.compiled.HeaderAttribute", sizeof(HeaderAttribute), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    attribute_slots,
};

/* parse_into */

enum { NAMES = 4096, LONGEST = 48 };

typedef struct {
    Py_ssize_t length;
    char octets[LONGEST];
    PyObject *text;
} Text;

typedef struct Name {
    Text name;
    Text value;        /* what it said last time, which every second header says again */
    struct Name *next; /* the name that came behind it last time, and mostly will again */
} Name;

static Name names[NAMES]; /* the names of headers, which are few and come again and again */

static int
is_text(const Text *text, const char *start, Py_ssize_t length)
{
    return text->text && text->length == length && memcmp(text->octets, start, length) == 0;
}

/* Return the text of some bytes, borrowed, made anew only where they differ from those before; NULL where Python raised.
 * There are `LONGEST` of them at most. */
static PyObject *
text_of(Text *text, const char *start, Py_ssize_t length)
{
    if (is_text(text, start, length))
        return text->text;
    PyObject *made = PyUnicode_DecodeUTF8(start, length, "surrogateescape");
    if (made == NULL)
        return NULL;
    Py_XDECREF(text->text);
    text->text = made;
    text->length = length;
    memcpy(text->octets, start, length);
    return made;
}

/* Return the place of a name, with its text; NULL where Python raised. */
static Name *
remembered(const char *start, Py_ssize_t length)
{
    const unsigned char *letters = (const unsigned char *)start;
    unsigned hash = (unsigned)length;
    if (length)
        hash = ((hash * 31 + letters[0]) * 31 + letters[length / 2]) * 31 + letters[length - 1];
    if (length > 7)
        hash = (hash * 31 + letters[length / 4]) * 31 + letters[length - 4];
    Name *name = &names[hash * 2654435761u >> 20]; /* the 12 bits that NAMES needs */
    return text_of(&name->name, start, length) ? name : NULL;
}

static int
begins_with(const char *start, const char *end, const Text *name)
{
    return end - start >= name->length + 2 && is_text(name, start, name->length) && start[name->length] == ':' &&
           start[name->length + 1] == ' ';
}

/* A value of a header that comes several times. */
typedef struct {
    PyObject *name, *value;
} Value;

/* The dict that is being filled, and what was met so far.
 *
 * Until all lines are in the dict, only texts are made and released. That runs no Python code: no finalizer and no other
 * thread can change the dict, or the texts that are remembered and borrowed here. What may run some, the lists of the
 * headers that come several times, is made at the end. */
typedef struct {
    PyObject *message;
    Value *values; /* all values of the headers that come several times, in order */
    Py_ssize_t count, room;
    Py_ssize_t again; /* the lines of those headers, but for the first ones */
    Name *before;     /* the name of the line before, NULL where none is remembered */
} Filling;

static PyObject *data_name, *lower_name, *repeated_name, *no_lines, *none_repeated;

static int
keep_value(Filling *filling, PyObject *name, PyObject *value)
{
    if (filling->count == filling->room) {
        Py_ssize_t room = filling->room ? filling->room * 2 : 8;
        Value *values = PyMem_Realloc(filling->values, room * sizeof(Value));
        if (values == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        filling->values = values;
        filling->room = room;
    }
    filling->values[filling->count++] = (Value){Py_NewRef(name), Py_NewRef(value)};
    return 0;
}

/* Keep a value of a header that comes again, behind the one that is in the dict. */
static int
keep_again(Filling *filling, PyObject *name, PyObject *value)
{
    filling->again++;
    if (filling->count == 0 || filling->values[filling->count - 1].name != name) {
        PyObject *first = PyDict_GetItemWithError(filling->message, name);
        if (first == NULL || keep_value(filling, name, first) < 0)
            return -1;
    }
    return keep_value(filling, name, value);
}

/* Put a header into the dict, or its value behind those of the same header in the lines before.
 * Return 1, or -1 where Python raised. */
static int
put_header(Filling *filling, PyObject *name, PyObject *value, int again)
{
    if (value == NULL)
        return -1;
    int failed = again ? keep_again(filling, name, value) : PyDict_SetItem(filling->message, name, value);
    return failed < 0 ? -1 : 1;
}

static int
put_long(Filling *filling, PyObject *name, const char *start, const char *end, int again)
{
    PyObject *value = PyUnicode_DecodeUTF8(start, end - start, "surrogateescape");
    int put = name ? put_header(filling, name, value, again) : -1;
    Py_XDECREF(value);
    return put;
}

static int
put_remembered(Filling *filling, Name *name, const char *start, const char *end, int again)
{
    filling->before = name;
    if (end - start > LONGEST)
        return put_long(filling, name->name.text, start, end, again);
    return put_header(filling, name->name.text, text_of(&name->value, start, end - start), again);
}

/* Put one line into the dict; return 1, 0 where the line is not plain, -1 where Python raised. */
static int
put_line(Filling *filling, const char *start, const char *end)
{
    Name *before = filling->before;
    Name *name = before ? before->next : NULL;
    if (name && begins_with(start, end, &name->name))
        return put_remembered(filling, name, start + name->name.length + 2, end, name == before);
    const char *colon = start;
    while (colon < end && *colon != ':' && *colon != '(')
        colon++;
    if (end - colon < 2 || colon[0] != ':' || colon[1] != ' ')
        return 0;
    if (colon - start > LONGEST) {
        PyObject *text = PyUnicode_DecodeUTF8(start, colon - start, "surrogateescape");
        int put = put_long(filling, text, colon + 2, end, 0);
        Py_XDECREF(text);
        filling->before = NULL;
        return put;
    }
    int again = before && is_text(&before->name, start, colon - start); /* whose place another name may take now */
    name = remembered(start, colon - start);
    if (name == NULL)
        return -1;
    if (before)
        before->next = name;
    return put_remembered(filling, name, colon + 2, end, again);
}

/* Put all lines into the dict; return 1, 0 where one is not plain, -1 where Python raised. */
static int
put_lines(Filling *filling, const char *start, const char *end)
{
    Py_ssize_t lines = 0;
    for (int more = 1; more; lines++) {
        const char *feed = memchr(start, '\n', end - start);
        more = feed != NULL;
        if (more && (feed == start || feed[-1] != '\r'))
            return 0;
        int plain = put_line(filling, start, more ? feed - 1 : end);
        if (plain != 1)
            return plain;
        if (more)
            start = feed + 1;
    }
    return PyDict_Size(filling->message) + filling->again == lines;
}

/* Append a value to the list that a dict has under its header's name in lower case. */
static int
append_value(PyObject *repeated, Value value)
{
    PyObject *folded = PyObject_CallMethodObjArgs(value.name, lower_name, NULL);
    PyObject *values = folded ? Py_XNewRef(PyDict_GetItemWithError(repeated, folded)) : NULL;
    if (folded && values == NULL && !PyErr_Occurred()) {
        values = PyList_New(0);
        if (values && PyDict_SetItem(repeated, folded, values) < 0)
            Py_CLEAR(values);
    }
    int failed = values == NULL || PyList_Append(values, value.value) < 0;
    Py_XDECREF(values);
    Py_XDECREF(folded);
    return failed ? -1 : 0;
}

/* Return the values of the headers that come several times; NULL where Python raised. */
static PyObject *
repeated_values(const Filling *filling)
{
    if (filling->count == 0)
        return Py_NewRef(none_repeated);
    PyObject *repeated = PyDict_New();
    for (Py_ssize_t each = 0; repeated && each < filling->count; each++)
        if (append_value(repeated, filling->values[each]) < 0)
            Py_CLEAR(repeated);
    return repeated;
}

/* Tell whether each header that comes again is spelt in one way; -1 where Python raised. */
static int
is_spelt_alike(PyObject *message, PyObject *repeated)
{
    PyObject *name, *value;
    Py_ssize_t place = 0, spellings = 0;
    while (PyDict_Size(repeated) && PyDict_Next(message, &place, &name, &value)) {
        PyObject *folded = PyObject_CallMethodObjArgs(name, lower_name, NULL);
        int comes_again = folded ? PyDict_Contains(repeated, folded) : -1;
        Py_XDECREF(folded);
        if (comes_again < 0)
            return -1;
        spellings += comes_again;
    }
    return spellings == PyDict_Size(repeated);
}

/* Return what a filling came to; NULL where Python raised. */
static PyObject *
outcome(const Filling *filling, int plain)
{
    PyObject *repeated = plain > 0 ? repeated_values(filling) : NULL;
    if (repeated)
        plain = is_spelt_alike(filling->message, repeated);
    else if (plain > 0)
        plain = -1;
    PyObject *result = plain < 0 ? NULL : Py_NewRef(plain ? repeated : Py_None);
    Py_XDECREF(repeated);
    return result;
}

static PyObject *
parse_into(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    char *octets;
    Py_ssize_t length;
    if (count != 2 || !PyDict_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "parse_into() takes a dict and a message");
        return NULL;
    }
    if (PyBytes_AsStringAndSize(arguments[1], &octets, &length) < 0)
        return NULL;
    Filling filling = {arguments[0], NULL, 0, 0, 0, NULL};
    PyObject *result = outcome(&filling, put_lines(&filling, octets, octets + length));
    while (filling.count--) {
        Py_DECREF(filling.values[filling.count].name);
        Py_DECREF(filling.values[filling.count].value);
    }
    PyMem_Free(filling.values);
    return result;
}

/* make_message */

/* Make a message without parsing it; the value is that of its first header, the zone NULL where it stores none. */
static PyObject *
make_unread(PyObject *cls, PyObject *first, PyObject *octets, PyObject *value, PyObject *zone)
{
    newfunc make = (newfunc)PyType_GetSlot((PyTypeObject *)cls, Py_tp_new);
    PyObject *message = make((PyTypeObject *)cls, no_arguments, NULL);
    if (message && (PyObject_SetAttr(message, octets_name, octets) < 0 ||
                    PyObject_SetAttr(message, unread_name, octets) < 0 || PyDict_SetItem(message, first, value) < 0 ||
                    PyDict_SetItem(message, reason, guard) < 0 ||
                    (zone && PyObject_SetAttr(message, zone_name, zone) < 0)))
        Py_CLEAR(message);
    return message;
}

static PyObject *
make_message(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 3 || count > 4 || !is_message_class(arguments[0]) || !PyBytes_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "make_message() takes a class of messages, bytes, a value and a time zone");
        return NULL;
    }
    PyObject *first = PyObject_GetAttr(arguments[0], first_name);
    PyObject *zone = count == 4 ? arguments[3] : NULL;
    PyObject *message = first ? make_unread(arguments[0], first, arguments[1], arguments[2], zone) : NULL;
    Py_XDECREF(first);
    return message;
}

/* Return the zone that a message stores; NULL, without an exception, where it stores none. */
static PyObject *
stored_zone(PyObject *message)
{
    PyObject *zone = PyObject_GetAttr(message, zone_name);
    if (zone == NULL && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    return zone;
}

/* Make a message of another class from the bytes of one whose first header has the same name. */
static PyObject *
recast_unread(PyObject *cls, PyObject *message, PyObject *first, PyObject *octets)
{
    PyObject *value = PyDict_GetItemWithError(message, first);
    if (value == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetObject(PyExc_KeyError, first);
        return NULL;
    }
    Py_INCREF(value);
    PyObject *zone = stored_zone(message);
    PyObject *again = PyErr_Occurred() ? NULL : make_unread(cls, first, octets, value, zone);
    Py_XDECREF(zone);
    Py_DECREF(value);
    return again;
}

static PyObject *
recast(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2 || !is_message_class(arguments[0]) || !PyDict_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "recast() takes a class of messages and a message");
        return NULL;
    }
    PyObject *octets = PyObject_GetAttr(arguments[1], unread_name);
    PyObject *first = octets ? PyObject_GetAttr(arguments[0], first_name) : NULL;
    PyObject *before = first ? PyObject_GetAttr(arguments[1], first_name) : NULL;
    PyObject *again = NULL;
    if (before) {
        int alike = octets == Py_None ? 0 : PyObject_RichCompareBool(before, first, Py_EQ);
        if (alike > 0)
            again = recast_unread(arguments[0], arguments[1], first, octets);
        else if (alike == 0)
            again = Py_NewRef(Py_None);
    }
    Py_XDECREF(before);
    Py_XDECREF(first);
    Py_XDECREF(octets);
    return again;
}

/* encode_request */

/* Return the UTF-8 of a text that can stand in a line as it is; NULL without an exception where it cannot, or where it
 * begins with a blank. */
static const char *
line_part(PyObject *text, Py_ssize_t *length)
{
    const char *octets = Py_TYPE(text) == &PyUnicode_Type ? PyUnicode_AsUTF8AndSize(text, length) : NULL;
    if (octets == NULL) {
        PyErr_Clear(); /* a surrogate, which may stand for a byte */
        return NULL;
    }
    if (*length > 0 && (unsigned char)octets[0] <= ' ')
        return NULL;
    for (Py_ssize_t place = 0; place < *length; place++)
        if (octets[place] == '\r' || octets[place] == '\n' || octets[place] == '\0')
            return NULL;
    return octets;
}

static int
is_header_name(const char *name, Py_ssize_t length)
{
    static const char action_id[] = "actionid";
    if (length <= 0 || memchr(name, ':', length))
        return 0;
    if (length != sizeof action_id - 1)
        return 1;
    for (Py_ssize_t place = 0; place < length; place++)
        if ((name[place] | 0x20) != action_id[place])
            return 1;
    return 0;
}

static char *
put_line_of(char *place, const char *name, Py_ssize_t name_length, const char *value, Py_ssize_t value_length)
{
    memcpy(place, name, name_length);
    place += name_length;
    *place++ = ':';
    *place++ = ' ';
    memcpy(place, value, value_length);
    place += value_length;
    *place++ = '\r';
    *place++ = '\n';
    return place;
}

static PyObject *
encode_request(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    static const char id_name[] = "ActionID";
    enum { AROUND = 4 }; /* the colon, the space and the line's end */
    PyObject *name, *value;
    Py_ssize_t place = 0, id_length, name_length, value_length;
    if (count != 2 || !PyDict_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "encode_request() takes a dict and an ActionID");
        return NULL;
    }
    PyObject *headers = arguments[0];
    const char *id = line_part(arguments[1], &id_length);
    if (id == NULL || PyDict_Size(headers) == 0)
        return Py_NewRef(Py_None);
    Py_ssize_t size = sizeof id_name - 1 + id_length + AROUND + 2;
    while (PyDict_Next(headers, &place, &name, &value)) {
        const char *start = line_part(name, &name_length);
        if (start == NULL || !is_header_name(start, name_length) || !line_part(value, &value_length))
            return Py_NewRef(Py_None);
        size += name_length + value_length + AROUND;
    }
    PyObject *octets = PyBytes_FromStringAndSize(NULL, size);
    if (octets == NULL)
        return NULL;
    char *begin = PyBytes_AsString(octets), *end = begin;
    place = 0;
    while (PyDict_Next(headers, &place, &name, &value)) {
        const char *start = PyUnicode_AsUTF8AndSize(name, &name_length);
        const char *text = PyUnicode_AsUTF8AndSize(value, &value_length);
        int first = end == begin;
        end = put_line_of(end, start, name_length, text, value_length);
        if (first)
            end = put_line_of(end, id_name, sizeof id_name - 1, id, id_length);
    }
    memcpy(end, "\r\n", 2);
    return octets;
}

/* read and publish */

/* Tell whether the bytes of a message still wait to be parsed; -1 where Python raised. */
static int
is_unread(PyObject *message, PyObject *octets)
{
    PyObject *unread = PyObject_GetAttr(message, unread_name);
    Py_XDECREF(unread);
    return unread == NULL ? -1 : unread == octets;
}

/* Set what a message has beside its headers. Nothing here runs Python code: to other threads all of it is one step. */
static int
set_parsed(PyObject *message, PyObject *data, PyObject *repeated)
{
    return PyObject_SetAttr(message, data_name, data) < 0 || PyObject_SetAttr(message, repeated_name, repeated) < 0 ||
           PyObject_SetAttr(message, unread_name, Py_None) < 0 ? -1 : 0;
}

static int
publish_headers(PyObject *message, PyObject *headers, PyObject *data, PyObject *repeated)
{
    PyDict_Clear(message);
    return PyDict_Update(message, headers) < 0 ? -1 : set_parsed(message, data, repeated);
}

static PyObject *
publish(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 5 || !PyDict_Check(arguments[0]) || Py_TYPE(arguments[2]) != &PyDict_Type) {
        PyErr_SetString(PyExc_TypeError, "publish() takes a message, its bytes, a dict, a list and a dict");
        return NULL;
    }
    int due = is_unread(arguments[0], arguments[1]);
    if (due < 0 || (due && publish_headers(arguments[0], arguments[2], arguments[3], arguments[4]) < 0))
        return NULL;
    return Py_NewRef(Py_None);
}

/* Put the headers of a message, if they are plain, in the place of its guard; return what `parse_into` does. */
static PyObject *
unguard(PyObject *module, PyObject *message, PyObject *octets)
{
    if (PyDict_Size(message) && PyDict_DelItem(message, reason) < 0)
        return NULL;
    PyObject *repeated = parse_into(module, (PyObject *const[]){message, octets}, 2);
    int due = is_unread(message, octets);
    int failed = due < 0;
    if (due > 0 && repeated != NULL && repeated != Py_None)
        failed = set_parsed(message, no_lines, repeated) < 0;
    else if (due > 0) { /* what was filled in before a line that is not plain is not for others to see */
        PyDict_Clear(message);
        failed = PyDict_SetItem(message, reason, guard) < 0;
    }
    if (failed)
        Py_CLEAR(repeated);
    return repeated;
}

static PyObject *
parse_message(PyObject *module, PyObject *message)
{
    PyObject *octets = PyObject_GetAttr(message, unread_name);
    if (octets == NULL)
        return NULL;
    if (octets == Py_None) {
        Py_DECREF(octets);
        return Py_NewRef(Py_True);
    }
    PyObject *repeated = unguard(module, message, octets);
    Py_DECREF(octets);
    if (repeated == NULL)
        return NULL;
    Py_DECREF(repeated);
    return PyBool_FromLong(repeated != Py_None);
}

/* route_block */

typedef struct {
    PyObject *kinds, *items, *deliveries, *other;
} Sieve;

/* Append an event to a list without parsing it. */
static int
append_event(PyObject *list, Kind *kind, const char *start, const char *end)
{
    PyObject *octets = PyBytes_FromStringAndSize(start, end - start);
    PyObject *event = octets ? make_unread(kind->cls, kind->first, octets, kind->name, kind->zone) : NULL;
    if (event && kind->acyclic && Py_Version < 0x030E0000)
        PyObject_GC_UnTrack(event); /* as Python does with plain dicts of text; until 3.13 it tracks again where need be */
    int failed = event == NULL || PyList_Append(list, event) < 0;
    Py_XDECREF(event);
    Py_XDECREF(octets);
    return failed ? -1 : 0;
}

static int
call_other(Sieve *sieve, const char *start, const char *end)
{
    PyObject *octets = PyBytes_FromStringAndSize(start, end - start);
    PyObject *result = octets ? PyObject_CallFunctionObjArgs(sieve->other, octets, NULL) : NULL;
    Py_XDECREF(octets);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Return what stands in a dict under some bytes, borrowed; NULL where nothing does, or where Python raised. */
static PyObject *
look_up(PyObject *dict, const char *start, const char *end)
{
    PyObject *key = PyBytes_FromStringAndSize(start, end - start);
    PyObject *found = key ? PyDict_GetItemWithError(dict, key) : NULL;
    Py_XDECREF(key);
    return found;
}

static int
is_kind(PyObject *object)
{
    if (Py_TYPE(object) == kind_type)
        return 1;
    PyErr_SetString(PyExc_TypeError, "route_block() sorts by its own Kind");
    return 0;
}

/* Take a message that is related to a request whose list is known. */
static int
take_item(Sieve *sieve, PyObject *lines, const char *start, const char *line, const char *end)
{
    PyObject *item = look_up(lines, start, line);
    if (item == NULL)
        return PyErr_Occurred() ? -1 : call_other(sieve, start, end);
    PyObject *kind, *list;
    if (!PyArg_ParseTuple(item, "OO!", &kind, &PyList_Type, &list) || !is_kind(kind))
        return -1;
    ((Kind *)kind)->count++;
    ((Kind *)kind)->octets += end - start;
    Py_INCREF(item); /* the dict may change while its class is made */
    int failed = append_event(list, (Kind *)kind, start, end);
    Py_DECREF(item);
    return failed;
}

static int
take_message(Sieve *sieve, const char *start, const char *end)
{
    const char *line = line_end(start, end);
    if (sieve->items != Py_None) {
        const char *id = find(start, end, ID, ID_LENGTH);
        if (id != NULL) {
            id += ID_LENGTH;
            PyObject *lines = look_up(sieve->items, id, line_end(id, end));
            if (lines != NULL)
                return take_item(sieve, lines, start, line, end);
            if (PyErr_Occurred())
                return -1;
        }
    }
    PyObject *kind = look_up(sieve->kinds, start, line);
    if (kind == NULL)
        return PyErr_Occurred() ? -1 : call_other(sieve, start, end);
    if (!is_kind(kind))
        return -1;
    ((Kind *)kind)->count++;
    if (!((Kind *)kind)->wanted)
        return 0;
    Py_INCREF(kind);
    int failed = append_event(sieve->deliveries, (Kind *)kind, start, end);
    Py_DECREF(kind);
    return failed;
}

static PyObject *
route_block(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 5 || !PyBytes_Check(arguments[0]) || !PyDict_Check(arguments[1]) ||
        !(arguments[2] == Py_None || PyDict_Check(arguments[2])) || !PyList_Check(arguments[3])) {
        PyErr_SetString(PyExc_TypeError, "route_block() takes bytes, a dict, a dict or None, a list and a function");
        return NULL;
    }
    Sieve sieve = {arguments[1], arguments[2], arguments[3], arguments[4]};
    const char *start = PyBytes_AsString(arguments[0]), *end = start + PyBytes_Size(arguments[0]);
    const char *stop;
    while ((stop = message_end(start, end)) != NULL) {
        if (take_message(&sieve, start, stop) < 0)
            return NULL;
        start = stop + END_LENGTH;
    }
    return Py_NewRef(Py_None);
}

/* put */

/* Call a function with one argument or two. */
static PyObject *
call(PyObject *const *arguments, Py_ssize_t count)
{
    return PyObject_CallFunctionObjArgs(arguments[0], arguments[1], count > 2 ? arguments[2] : NULL, NULL);
}

static PyObject *
put(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 3 || count > 4) {
        PyErr_SetString(PyExc_TypeError, "put() takes a list or deque, a function, and one argument or two");
        return NULL;
    }
    PyObject *result = call(arguments + 1, count - 1);
    if (result == NULL)
        return NULL;
    PyObject *done = NULL;
    if (!PyList_CheckExact(arguments[0]))
        done = PyObject_CallMethodObjArgs(arguments[0], append_name, result, NULL);
    else if (PyList_Append(arguments[0], result) == 0)
        done = Py_NewRef(Py_None);
    Py_DECREF(result);
    return done;
}

/* The module */

static PyMethodDef functions[] = {
    {"find_header", (PyCFunction)(void (*)(void))find_header, METH_FASTCALL, "Find the value of a header."},
    {"parse_into", (PyCFunction)(void (*)(void))parse_into, METH_FASTCALL, "Parse the headers of a message into a dict."},
    {"find_snapshot", (PyCFunction)(void (*)(void))find_snapshot, METH_FASTCALL, "Find the snapshot of a channel."},
    {"contains", (PyCFunction)(void (*)(void))contains, METH_FASTCALL, "Return whether bytes contain others."},
    {"publish", (PyCFunction)(void (*)(void))publish, METH_FASTCALL, "Give a message what its bytes were parsed into."},
    {"parse", parse_message, METH_O, "Parse a message that is not parsed yet."},
    {"put", (PyCFunction)(void (*)(void))put, METH_FASTCALL, "Append the result of a function to a list or deque."},
    {"recast", (PyCFunction)(void (*)(void))recast, METH_FASTCALL, "Make a message of another class from an unread one."},
    {"make_message", (PyCFunction)(void (*)(void))make_message, METH_FASTCALL, "Make a message without parsing it."},
    {"encode_request", (PyCFunction)(void (*)(void))encode_request, METH_FASTCALL, "Encode a request."},
    {"route_block", (PyCFunction)(void (*)(void))route_block, METH_FASTCALL, "Route the messages of a block."},
    {NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "ami_typed._speed.compiled", "What every byte and every request passes, in C.", -1, functions,
};

static int
import_guard(void)
{
    PyObject *found = PyImport_ImportModule("ami_typed._speed.guard");
    guard = found ? PyObject_GetAttrString(found, "GUARD") : NULL;
    reason = found ? PyObject_GetAttrString(found, "REASON") : NULL;
    Py_XDECREF(found);
    return guard && reason ? 0 : -1;
}

PyMODINIT_FUNC
PyInit_compiled(void)
{
    first_name = PyUnicode_InternFromString("_first");
    octets_name = PyUnicode_InternFromString("_octets");
    unread_name = PyUnicode_InternFromString("_unread");
    zone_name = PyUnicode_InternFromString("_zone");
    look_name = PyUnicode_InternFromString("_look");
    refuse_name = PyUnicode_InternFromString("_refuse");
    decode_name = PyUnicode_InternFromString("decode");
    data_name = PyUnicode_InternFromString("_data");
    append_name = PyUnicode_InternFromString("append");
    lower_name = PyUnicode_InternFromString("lower");
    repeated_name = PyUnicode_InternFromString("_repeated");
    no_arguments = PyTuple_New(0);
    no_lines = PyList_New(0);
    none_repeated = PyDict_New();
    if (!first_name || !octets_name || !unread_name || !zone_name || !look_name || !refuse_name || !decode_name ||
        !data_name || !append_name || !lower_name || !repeated_name || !no_arguments || !no_lines || !none_repeated || import_guard() < 0)
        return NULL;
    PyObject *attribute_type = PyType_FromSpec(&attribute_spec);
    kind_type = (PyTypeObject *)PyType_FromSpec(&kind_spec);
    PyObject *made = attribute_type && kind_type ? PyModule_Create(&module) : NULL;
    if (made == NULL || PyModule_AddObjectRef(made, "Kind", (PyObject *)kind_type) < 0 ||
        PyModule_AddObjectRef(made, "HeaderAttribute", attribute_type) < 0 ||
        PyModule_AddObjectRef(made, "NO_LINES", no_lines) < 0 ||
        PyModule_AddObjectRef(made, "NONE_REPEATED", none_repeated) < 0) {
        Py_XDECREF(made);
        return NULL;
    }
    return made;
}
