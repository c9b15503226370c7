"""Common given and family names by country; they are combined at random and mean nobody."""

GIVEN: dict[str, tuple[str, ...]] = {
    code: tuple(text.split())
    for code, text in {
        "AL": "Agim Alban Altin Anila Ardit Arta Artan Besa Besnik Blerim Blerta Bujar Dritan Drita "
        "Edlira Elira Elton Endrit Erion Fatmir Flutura Genc Gentian Ilir Kledi Klodiana Ledina "
        "Lindita Luljeta Mira Mirela Olta Petrit Rovena Sokol Teuta Valbona Vjosa Ylli Zana",
        "XK": "Arben Arbnora Bekim Burim Donika Drilon Fadil Fitore Hana Kushtrim Leonora Liridon "
        "Lirije Mentor Naim Nora Rinor Shpresa Valon Vlora",
        "MK": "Aleksandar Ana Biljana Bojan Darko Elena Filip Goran Ivana Jovan Katerina Kiril Marija "
        "Marko Nikola Petar Sanja Stefan Vesna Zoran",
        "ME": "Andrija Bojana Danilo Dragana Filip Igor Ivan Jelena Luka Marija Marko Milica Milena "
        "Nikola Petar Sanja Stefan Tamara Vuk Zorica",
        "GR": "Alexandros Anna Christos Dimitra Dimitris Eleni Georgia Giorgos Ioanna Ioannis Katerina "
        "Konstantinos Maria Nikos Panagiotis Sofia Stavros Vasiliki Vasilis Zoe",
        "IT": "Alessandra Andrea Anna Antonio Chiara Davide Elena Francesca Francesco Giovanni Giulia "
        "Giuseppe Laura Luca Marco Maria Matteo Paolo Sara Valentina",
    }.items()
}

FAMILY: dict[str, tuple[str, ...]] = {
    code: tuple(text.split())
    for code, text in {
        "AL": "Agolli Alia Balla Basha Bejko Beqiri Bushati Cani Çela Dervishi Dhima Dibra Gjoka Gjoni "
        "Guri Haxhi Hoxha Hysa Isufi Kodra Koçi Kola Krasniqi Lika Lleshi Malaj Marku Meta Muça "
        "Ndoja Prifti Rama Ruçi Shehu Shkurti Sula Toska Veliu Xhafa Zefi",
        "XK": "Ahmeti Berisha Bytyqi Gashi Hasani Hoti Jashari Kelmendi Krasniqi Kryeziu Maliqi Morina "
        "Osmani Rexhepi Sadiku Salihu Shala Thaçi Veseli Zeka",
        "MK": "Angelovski Bogdanov Dimitrov Georgiev Hristov Ilievski Jovanovski Kostov Kralev "
        "Markovski Mitrevski Naumov Nikolovski Petrov Popovski Ristov Stojanovski Todorov Trajkov "
        "Velkov",
        "ME": "Bulatović Đukić Ivanović Jovanović Kaluđerović Knežević Marković Milić Nikolić Perović "
        "Popović Radović Radulović Raičević Šćepanović Stanišić Vojvodić Vujović Vuković Vušović",
        "GR": "Alexiou Antoniou Dimitriou Economou Georgiou Ioannou Karagiannis Konstantinou Makris "
        "Nikolaou Oikonomou Papadakis Papadopoulos Papageorgiou Pappas Petrou Samaras Stavrou "
        "Vasileiou Vlachos",
        "IT": "Amato Basile Bianchi Bruno Caputo Colucci Conte Costa Esposito Ferrari Gallo Greco Leone "
        "Lombardi Longo Marino Moretti Ricci Rizzo Romano",
    }.items()
}
