using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Sosia.Core;

namespace Sosia.Control.Guests;

/// <summary>The guests that the project describes: a folder with one folder per guest.</summary>
public sealed class GuestCatalog
{
    private const string DescriptionFile = "guest.json";

    private readonly string _folder;
    private readonly string _cacheFolder;

    /// <summary>Opens a catalogue.</summary>
    /// <param name="folder">The folder that holds the guests' folders; null for the one beside the running program.</param>
    /// <param name="cacheFolder">Where fetched images are kept; null for <see cref="DefaultCacheFolder"/>.</param>
    public GuestCatalog(string? folder = null, string? cacheFolder = null)
    {
        _folder = folder ?? Path.Combine(AppContext.BaseDirectory, "guests");
        _cacheFolder = cacheFolder ?? DefaultCacheFolder;
    }

    /// <summary><c>$XDG_CACHE_HOME/sosia/guests</c>, with <c>~/.cache</c> where the variable is not set.</summary>
    public static string DefaultCacheFolder
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            return Path.Combine(
                string.IsNullOrEmpty(cache) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache") : cache,
                "sosia",
                "guests");
        }
    }

    /// <summary>Reads all descriptions, in the order of the names.</summary>
    /// <exception cref="SosiaException">A description is damaged, or there are no guests.</exception>
    public IReadOnlyList<Guest> List()
    {
        List<Guest> guests = [];
        if (Directory.Exists(_folder))
        {
            foreach (string folder in Directory.GetDirectories(_folder))
            {
                if (File.Exists(Path.Combine(folder, DescriptionFile)))
                {
                    guests.Add(Read(folder));
                }
            }
        }

        if (guests.Count == 0)
        {
            throw new SosiaException($"There are no guests in '{_folder}'; build the program again with ./sosia.");
        }

        guests.Sort(static (a, b) => string.CompareOrdinal(a.Description.Name, b.Description.Name));
        return guests;
    }

    /// <summary>Finds a guest.</summary>
    /// <exception cref="SosiaException">There is none of that name, or its description is damaged.</exception>
    public Guest Find(string name)
    {
        // A name is one folder's: no way out of the catalogue.
        bool isName = name.Length != 0 && name.AsSpan().IndexOfAny('/', '\0') < 0 && name is not ("." or "..");
        string folder = Path.Combine(_folder, isName ? name : "-");
        if (isName && File.Exists(Path.Combine(folder, DescriptionFile)))
        {
            return Read(folder);
        }

        List<string> names = [];
        foreach (Guest guest in List())
        {
            names.Add(guest.Description.Name);
        }

        throw new SosiaException($"There is no guest '{name}'; choose one of: {string.Join(", ", names)}.");
    }

    private Guest Read(string folder)
    {
        string file = Path.Combine(folder, DescriptionFile);
        try
        {
            GuestDescription description = JsonSerializer.Deserialize(File.ReadAllBytes(file), GuestJsonContext.Default.GuestDescription)
                ?? throw new JsonException("it holds null");
            return new Guest(description, folder, description.Fetch is null ? folder : Path.Combine(_cacheFolder, description.Name));
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The guest description '{file}' cannot be used ({error.Message.TrimEnd('.')}); correct it.", FailureKind.Configuration, error);
        }
    }
}
