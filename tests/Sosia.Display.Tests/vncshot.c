/* A viewer on LibVNCClient that takes one picture: HOST PORT ENCODING BITS PASSWORD FILE [KEYS]. "-" for no password. Writes a binary PPM. */
#include <rfb/rfbclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *password;
static int covered, total;

static char *get_password(rfbClient *client) {
    (void)client;
    return strdup(password);
}

static void got_update(rfbClient *client, int x, int y, int w, int h) {
    (void)client; (void)x; (void)y;
    covered += w * h;
}

int main(int argc, char **argv) {
    if (argc < 7) return 2;
    int bits = atoi(argv[4]);
    rfbClient *client = bits == 32 ? rfbGetClient(8, 3, 4) : bits == 16 ? rfbGetClient(5, 3, 2) : rfbGetClient(2, 3, 1);
    password = argv[5];
    client->GetPassword = get_password;
    client->GotFrameBufferUpdate = got_update;
    client->canHandleNewFBSize = TRUE;
    client->appData.encodingsString = argv[3];
    client->serverHost = strdup(argv[1]);
    client->serverPort = atoi(argv[2]);
    client->connectTimeout = 20;
    if (!rfbInitClient(client, NULL, NULL)) return 3;
    for (int i = 0; argc > 7 && argv[7][i]; i++) {
        uint32_t symbol = argv[7][i] == '\n' ? 0xff0d : (unsigned char)argv[7][i];
        SendKeyEvent(client, symbol, TRUE);
        SendKeyEvent(client, symbol, FALSE);
    }

    time_t end = time(NULL) + 60;
    total = client->width * client->height;
    while (covered < total && time(NULL) < end) {
        int ready = WaitForMessage(client, 100000);
        if (ready < 0 || (ready > 0 && !HandleRFBServerMessage(client))) return 4;
        total = client->width * client->height;
    }

    if (covered < total) return 5;
    FILE *file = fopen(argv[6], "wb");
    if (!file) return 6;
    fprintf(file, "P6\n%d %d\n255\n", client->width, client->height);
    for (int i = 0; i < client->width * client->height; i++) {
        uint32_t pixel = 0;
        memcpy(&pixel, client->frameBuffer + i * (bits / 8), bits / 8);
        rfbPixelFormat *f = &client->format;
        fputc((pixel >> f->redShift & f->redMax) * 255 / f->redMax, file);
        fputc((pixel >> f->greenShift & f->greenMax) * 255 / f->greenMax, file);
        fputc((pixel >> f->blueShift & f->blueMax) * 255 / f->blueMax, file);
    }

    fclose(file);
    rfbClientCleanup(client);
    return 0;
}
