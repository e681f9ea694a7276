// What a guest of the driver tests runs: plays a tone through Linux's sound drivers, or prints what its input devices report.
//   drivers play FILE RATE HERTZ    half a second through an OSS device, 16 bits, two channels, at full volume
//   drivers beep HERTZ              half a second through the PC speaker's input device
//   drivers events NAME COUNT       the first COUNT events (but those of EV_MSC) of the input device whose name contains NAME: type code value
#include <fcntl.h>
#include <linux/input.h>
#include <linux/soundcard.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static int set_volume(int channel)
{
    int mixer = open("/dev/mixer", O_RDWR);
    int level = 100 | 100 << 8;
    if (mixer < 0 || ioctl(mixer, MIXER_WRITE(channel), &level) < 0)
        return -1;
    return close(mixer);
}

static int play(const char *file, int rate, int hertz)
{
    if (set_volume(SOUND_MIXER_VOLUME) < 0 || set_volume(SOUND_MIXER_PCM) < 0)
        return fail("mixer");
    int sound = open(file, O_WRONLY);
    int format = AFMT_S16_LE, channels = 2, actual = rate;
    if (sound < 0 || ioctl(sound, SNDCTL_DSP_SETFMT, &format) < 0 || ioctl(sound, SNDCTL_DSP_CHANNELS, &channels) < 0 || ioctl(sound, SNDCTL_DSP_SPEED, &actual) < 0)
        return fail(file);
    if (format != AFMT_S16_LE || channels != 2 || actual != rate)
        return fprintf(stderr, "the device wants format %x, %d channels, %d frames a second\n", format, channels, actual), 1;
    static short frames[48000][2];
    int count = rate / 2;
    for (int i = 0; i < count; i++)
        frames[i][0] = frames[i][1] = (long)i * 2 * hertz / rate % 2 ? 8000 : -8000;
    if (write(sound, frames, count * sizeof frames[0]) != (ssize_t)(count * sizeof frames[0]) || ioctl(sound, SNDCTL_DSP_SYNC, 0) < 0 || close(sound) < 0)
        return fail(file);
    return puts("played"), 0;
}

// The input device whose name contains a text, open; -1 for none.
static int find(const char *wanted, int flags)
{
    for (int i = 0; i < 32; i++)
    {
        char path[32], name[128] = "";
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        int file = open(path, flags);
        if (file >= 0 && ioctl(file, EVIOCGNAME(sizeof name), name) >= 0 && strstr(name, wanted))
            return file;
        if (file >= 0)
            close(file);
    }
    fprintf(stderr, "no input device is called '%s'\n", wanted);
    return -1;
}

static int beep(int hertz)
{
    int file = find("PC Speaker", O_WRONLY);
    struct input_event event = { .type = EV_SND, .code = SND_TONE, .value = hertz };
    if (file < 0 || write(file, &event, sizeof event) != sizeof event)
        return fail("speaker");
    usleep(500000);
    event.value = 0;
    return write(file, &event, sizeof event) == sizeof event ? puts("played"), 0 : fail("speaker");
}

static int events(const char *name, int count)
{
    int file = find(name, O_RDONLY);
    if (file < 0)
        return 1;
    puts("listening");
    fflush(stdout);
    while (count > 0)
    {
        struct input_event event;
        if (read(file, &event, sizeof event) != sizeof event)
            return fail("read");
        if (event.type == EV_MSC)
            continue;
        printf("event %d %d %d\n", event.type, event.code, event.value);
        fflush(stdout);
        count--;
    }
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 5 && !strcmp(arguments[1], "play"))
        return play(arguments[2], atoi(arguments[3]), atoi(arguments[4]));
    if (count == 3 && !strcmp(arguments[1], "beep"))
        return beep(atoi(arguments[2]));
    if (count == 4 && !strcmp(arguments[1], "events"))
        return events(arguments[2], atoi(arguments[3]));
    return 2;
}
