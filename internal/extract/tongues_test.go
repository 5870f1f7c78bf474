package extract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func tonguesScanner(tb testing.TB) *extract.Scanner {
	tb.Helper()
	set, err := reference.NewSet()
	if err != nil {
		tb.Fatal(err)
	}
	return extract.New(set)
}

// placesIn returns the countries and sectors of a text, each once.
func placesIn(s *extract.Scanner, text string) string {
	got := slices.DeleteFunc(live(s, intel.Document{Text: text}), func(e string) bool {
		return !strings.HasPrefix(e, "country:") && !strings.HasPrefix(e, "sector:")
	})
	for i := range got {
		got[i] = strings.TrimPrefix(strings.TrimPrefix(got[i], "country:"), "sector:")
	}
	return strings.Join(got, " ")
}

func TestCountriesAndSectorsAreFoundInTheLanguageOfTheText(t *testing.T) {
	s := tonguesScanner(t)
	for _, c := range []struct{ text, want string }{
		// Russian
		{"Хакеры атаковали сайты в Литве и Польше, утечка затронула российскую компанию.", "LT PL RU"},
		{"Группа действует из Северной Кореи против южнокорейских и японских банков.", "JP KP KR finance"},
		{"Доступ к сети в США, КНР и ОАЭ; немецкого клиента не берём.", "AE CN DE US"},
		{"Атаки на предприятия финансового сектора, здравоохранения и энергетики Кубы.", "CU energy finance health"},
		{"Под ударом критическая инфраструктура, операторы связи и госучреждения Израиля.", "IL critical-infrastructure government telecoms"},
		{"Жертвами стали вузы и промышленные предприятия Казахстана и Армении.", "AM KZ education manufacturing"},
		// Ukrainian
		{"Російські хакери атакували українські органи влади та енергетику Польщі.", "PL RU UA energy government"},
		{"Зловмисники з Північної Кореї цікавляться банківським сектором Японії.", "JP KP"},
		{"Кампанія спрямована проти фінансових установ Німеччини, Франції та Чехії.", "CZ DE FR finance"},
		{"У Білорусі та Росії затримали двох, у Туреччині й Ізраїлі одного.", "BY IL RU TR"},
		{"Удар по критичній інфраструктурі: лікарні, залізниця, оператори зв'язку В'єтнаму.", "VN critical-infrastructure health telecoms transport"},
		{"Іранські й китайські групи шукали вразливості в закладах освіти Грузії.", "CN GE IR education"},
		{"Сервери були в Нідерландах та Угорщині, а гроші йшли через Об’єднані Арабські Емірати.", "AE HU NL"},
		// Arabic
		{"استهدفت المجموعة الإيرانية مؤسسات مالية في السعودية والإمارات وإسرائيل.", "AE IL IR SA finance"},
		{"هجمات على قطاع الطاقة في العراق ولبنان وبالأردن", "IQ JO LB energy"},
		{"قراصنة من روسيا والصين استهدفوا الجهات الحكومية بأوكرانيا", "CN RU UA government"},
		{"تسريب بيانات من مستشفيات في مصر وليبيا وتونس", "EG LY TN health"},
		{"حملة تجسس لكوريا الشمالية ضد كوريا الجنوبية واليابان", "JP KP KR"},
		{"الشركات التركية والهندية والباكستانية للاتصالات", "IN PK TR"},
		{"استهداف البنية التحتية الحيوية وشركات الاتصالات في الكويت", "KW critical-infrastructure telecoms"},
		// Korean
		{"북한 해커 조직이 한국의 금융기관과 방산업체를 공격했다.", "KP KR defense finance"},
		{"러시아와 중국의 공격자들이 우크라이나 정부 기관을 노렸다.", "CN RU UA government"},
		{"미국은 이란이 이스라엘의 의료기관을 공격했다고 밝혔다.", "IL IR US health"},
		{"일본인 개발자와 대만 반도체 기업, 베트남의 통신사가 피해를 입었다.", "JP TW VN semi-conductors telecoms"},
		{"인도네시아와 인도 정부, 호주의 제조업체가 표적이다.", "AU ID IN manufacturing"},
		{"독일, 프랑스, 영국에서 주요 기반시설을 노린 공격이 늘었다.", "DE FR GB critical-infrastructure"},
		// Japanese
		{"北朝鮮の攻撃者が日本の金融機関と製造業を標的にした。", "JP KP finance manufacturing"},
		{"ロシアと中国のグループが米国の政府機関や重要インフラを攻撃した。", "CN RU US critical-infrastructure government"},
		{"インドとインドネシア、ベトナムの通信事業者が狙われた。", "ID IN VN telecoms"},
		{"ウクライナの電力会社、イスラエルの医療機関、ドイツの半導体企業", "DE IL UA energy health semi-conductors"},
		{"韓国・台湾・オーストラリアの暗号資産取引所から流出", "AU KR TW cryptocurrency"},
		{"イランの攻撃グループはサウジアラビアと英国の教育機関を狙う。", "GB IR SA education"},
		// French
		{"Le groupe russe a visé des hôpitaux en France et des établissements financiers en Suisse.", "CH FR RU finance health"},
		{"Les attaquants nord-coréens ont visé les télécommunications au Japon et la Corée du Sud.", "JP KP KR telecoms"},
		{"Des collectivités territoriales françaises et des entreprises allemandes ont été touchées par l’attaque.", "DE FR government"},
		{"Les victimes se trouvent aux États-Unis, en Inde, au Brésil et en Chine.", "BR CN IN US"},
		{"Les groupes iraniens et chinois s'intéressent au secteur de l'énergie et aux infrastructures critiques d'Israël.", "CN IL IR critical-infrastructure energy"},
		{"La campagne a touché l'enseignement supérieur et les cabinets d'avocats au Royaume-Uni, en Égypte et au Maroc.", "EG GB MA education legal"},
		// Portuguese
		{"O grupo russo atacou hospitais no Brasil e instituições financeiras em Portugal.", "BR PT RU finance health"},
		{"Os atacantes norte-coreanos miram o setor de energia dos Estados Unidos e da Coreia do Sul.", "KP KR US energy"},
		{"As vítimas estão na Alemanha, no Japão, na Índia e no Irã, e o malware é chinês.", "CN DE IN IR JP"},
		{"Foram afetados órgãos públicos do Peru, do Chile e da Colômbia e o varejo da Espanha.", "CL CO ES PE government retail"},
		{"A campanha contra infraestruturas críticas e telecomunicações da Ucrânia foi atribuída a um grupo bielorrusso.", "BY UA critical-infrastructure telecoms"},
		{"Os hackers iranianos e turcos atacaram universidades israelenses e francesas.", "FR IL IR TR education"},
		// Italian
		{"Il gruppo russo ha colpito ospedali in Italia e istituti finanziari in Svizzera.", "CH IT RU finance health"},
		{"Gli attaccanti nordcoreani hanno preso di mira la Corea del Sud e il Giappone per il settore energetico.", "JP KP KR energy"},
		{"Le vittime sono negli Stati Uniti, in Germania e in Cina, nella pubblica amministrazione.", "CN DE US government"},
		{"La campagna ha colpito aziende francesi, spagnole e tedesche nel settore delle telecomunicazioni.", "DE ES FR telecoms"},
		{"Un collettivo filorusso e un gruppo tedesco sono stati visti in Serbia con il malware americano.", "DE RS RU US"},
		{"Hacker iraniani e turchi contro le infrastrutture critiche di Israele e dell’Ucraina, non della Polonia.", "IL IR PL TR UA critical-infrastructure"},
		{"Il malware è stato usato contro studi legali e atenei in Brasile, Messico e nel Regno Unito.", "BR GB MX education legal"},
		// Turkish
		{"Rus saldırganlar, Türkiye'deki kamu kurumları ve enerji sektörü için bir kampanya başlattı.", "RU TR energy government"},
		{"Grup, Almanya'da ve Fransa'da bulunan hastaneleri hedef aldı, ama İran'ı değil.", "DE FR IR health"},
		{"Çinli ve Kuzey Koreli saldırganlar Hindistan, Japonya ve Güney Kore için yeni bir araç kullandı.", "CN IN JP KP KR"},
		{"Saldırı Mısır, Suudi Arabistan ve İsrail gibi ülkelerde finans sektörünü etkiledi, çok daha sonra ABD'yi de.", "EG IL SA US finance"},
		{"Kritik altyapı ve savunma sanayii için Ukraynalı ekip ile bir anlaşma yapıldı.", "UA critical-infrastructure defense"},
		{"정부 사이트와 병원, 대학이 공격을 받았다.", "education government health"},
		// Chinese
		{"黑客攻击了政府网站、银行和医院。", "finance government health"},
		{"乌克兰的大學與電信公司遭到攻擊", "UA education telecoms"},
		{"Хакери атакували уряд Молдови та урядові сайти.", "MD government"},
		// one of what is attacked, and peoples behind their nouns
		{"Les pirates ont attaqué une université et l'hôpital de la ville.", "education health"},
		{"L'opérateur télécom suisse a été attaqué par un groupe de pirates.", "CH"},
		{"Los atacantes cifraron un hospital en Madrid y dos bancos.", "finance health"},
		{"Хакеры атаковали больницу, банк и энергетическую компанию.", "energy finance health"},
		{"Die Angreifer haben ein Klinikum und ein Rüstungsunternehmen angegriffen.", "defense health"},
		{"Хакери атакували енергетичну компанію.", "energy"},
		{"해커가 우크라이나 정부를 공격했다", "UA government"},
		{"攻击者入侵我国政府网络", "government"},
		{"قراصنة روس هاجموا بنوكا", "RU finance"},
		{"Saldırganlar Hollanda'daki telekom şirketlerini hedef aldı ve çok zarar verdi.", "NL telecoms"},
		// German, Spanish, Persian: what came to their first words
		{"Die russischen und chinesischer Angreifer zielten auf Krankenhäuser in den USA und der Schweiz.", "CH CN RU US health"},
		{"El grupo ruso atacó hospitales y a las empresas francesas y suizas en Inglaterra.", "CH FR GB RU health"},
		{"گروه هکری چین به بانک\u200cهای هند و نیروگاه\u200cهای ایران حمله کرد", "CN IN IR energy finance"},
	} {
		if got := placesIn(s, c.text); got != c.want {
			tag, _ := extract.Language(c.text)
			t.Errorf("%s (%s)\n got %s\nwant %s", c.text, tag, got, c.want)
		}
	}
}

func TestWordsThatLookLikeCountriesAreNone(t *testing.T) {
	s := tonguesScanner(t)
	for _, text := range []string{
		// another language's words
		"The album Rus and the novel by Serbo were sold at Suisse and Inde street with cheese from Cile.",
		"Mr. Russo, Ms. Greco and Mr. Tedesco of the finance team met Dr. Polacco about the Cina report.",
		"rus fin leh hint alman cek",
		"irão checa cina chine inde",
		// French
		"Il a acheté un petit suisse et du poivre, et son couteau suisse est dans le sac de la chine du marché.",
		"Le navire est parti sur l’océan Indien avec une roulette russe et des montagnes russes dans la cale.",
		"Les articles sont en langue russe ou en langue chinoise pour les lecteurs de la revue.",
		// Portuguese
		"Eles irão comer o peru no jantar, e ele checa a lista com o banco de dados de que não gosta.",
		"O texto foi escrito em russo e a montanha-russa do parque é um presente de grego para os visitantes.",
		"Os pastores de pastor alemão e o porquinho-da-índia estão no parque que não se vê da rua.",
		// Italian
		"Ha in serbo una sorpresa e dorme nel lettone con il gatto che non si sveglia per la cina.",
		"Il signor Russo e la signora Greco sono in un bagno turco con il pastore tedesco e non si parlano.",
		"Il dottor Spagnolo e il premier Albanese sono con la signora Greco nel giardino.",
		"O deputado Russo e o senhor Grego não se falam desde o jantar com os pais.",
		"Il caffè americano è buono e le montagne russe sono alte, ma non per il bambino.",
		// Turkish
		"Akşam yemeği için hindi ve mısır ile bir çek verildi, çok güzel bir yemek oldu.",
		"Bu fişi çek ve İngiliz anahtarı ile vidayı sık, daha sonra Türk kahvesi gibi bir şey iç.",
		"Hint Okyanusu için bir harita çok güzel olarak Rus ruleti gibi daha sonra çizildi.",
		// Russian and Ukrainian
		"Объём куба равен стороне в третьей степени, перу автора принадлежит книга о дани.",
		"Инструкция на русском языке, а не на украинском языке; корабль в Индийском океане.",
		"Малі кубики, дані про перу птаха, пар з чайника, українською мовою.",
		// Korean
		"사진이란 무엇인가, 컴퓨터란 것이란 말이다.",
		"범죄인 인도 조약과 인도적 지원, 남한산성의 그리스도와 수단과 오만함, 가나다 순서",
		"한국어와 중국어, 러시아어로 번역된 문서",
		"기대만 하고 친구이란성 쌍둥이",
		// Japanese
		"ブラインドとマインドマップ、ウインドウのインドア用品、デザイン",
		"日本語と中国語、ロシア語の文書。ネクタイとタイプ、リアルタイムのスタイル",
		"インド洋を渡る船とチリソース",
		// Chinese
		"他用银行卡在网上银行付款，银行木马偷走了大学生的钱。",
		"병원체와 병원균, 은행 계좌",
		// Arabic
		"المسافة بين المركز والمحيط نصف قطر الدائرة، ومدينة عمان في الليل وصلاة المغرب",
		"سافر تركي وهند إلى المحيط الهندي وقرأ عن الإمبراطورية الرومانية وكتاب الكندي",
		"الوثيقة باللغة الروسية أو باللغة الصينية",
		// Persian
		"چین و چروک پوست و قطر دایره و اقیانوس هند",
		"Хакеры украли банк данных. Университет опубликовал отчёт.",
		"정부는 발표했다",
		"L'université a publié un rapport et le ministère est d'accord avec elle.",
		"Los bancos de datos y los bancos de pruebas son de la empresa.",
		// Spanish, German
		"La montaña rusa y la ensaladilla rusa de mi abuela, y el pastor alemán con una espina en la pata.",
		"Der Wagen und die Reise über den Indischen Ozean sind nicht für die Hunde.",
	} {
		if got := placesIn(s, text); got != "" {
			tag, _ := extract.Language(text)
			t.Errorf("%s (%s): found %s", text, tag, got)
		}
	}
}

func TestAWordOfALanguageCountsWhereTheDocumentIsInIt(t *testing.T) {
	s := tonguesScanner(t)
	for language, want := range map[string]int{"": 0, "en": 0, "it": 1, "it-CH": 1} {
		if got := len(s.Observations(intel.Document{Text: "hacker russi", Language: language})); got != want {
			t.Errorf("%q: %d observations, want %d", language, got, want)
		}
	}
	doc := intel.Document{Title: "Hôpitaux visés en Allemagne", Text: "Le groupe a publié les données de la victime sur son site et dans les forums."}
	if got := strings.Join(live(s, doc), " "); got != "country:DE sector:health" {
		t.Errorf("a title in the language of its text: found %s", got)
	}
}
